"""What TensorBoard's own reader finds in a folder of event files, as one JSON object."""
import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

found = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "images": 0, "tensors": 0})
found.Reload()
tags = found.Tags()
json.dump(
    {
        "scalars": {tag: [[one.step, one.value] for one in found.Scalars(tag)] for tag in tags["scalars"]},
        "images": {tag: [found.Images(tag)[-1].width, found.Images(tag)[-1].height] for tag in tags["images"]},
        "config": found.Tensors("config")[-1].tensor_proto.string_val[0].decode(),
    },
    sys.stdout,
)
