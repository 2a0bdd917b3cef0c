"""Opens exports in their own programs. Reads [{program, folder, file?, inputs}] from stdin, where inputs is a .npy file of what goes in, and
prints a line of JSON for each: the features, as a list of rows, or the error."""
import json
import sys

import numpy as np


def onnxruntime_features(folder, file, inputs):
    import onnxruntime

    session = onnxruntime.InferenceSession(f"{folder}/{file}", providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return session.run(["features"], {name: inputs})[0]


def timm_features(folder, _file, inputs):
    import timm
    import torch

    model = timm.create_model(f"local-dir:{folder}", pretrained=True, num_classes=0).eval()
    with torch.inference_mode():
        tokens = model.forward_features(torch.from_numpy(inputs))
        pooled = model(torch.from_numpy(inputs))
    if tokens.ndim == 4:
        return pooled.numpy()
    # Ours are mean and maximum; timm's is the mean.
    patches = tokens[:, model.num_prefix_tokens :]
    assert torch.allclose(pooled, patches.mean(1), atol=1e-5), "timm's features are no mean of the patch tokens"
    return torch.cat([patches.mean(1), patches.amax(1)], 1).numpy()


def transformers_features(folder, _file, inputs):
    import torch
    from transformers import AutoModel

    model, report = AutoModel.from_pretrained(folder, output_loading_info=True)
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        assert not report[kind], f"{kind}: {sorted(report[kind])[:3]}"
    with torch.inference_mode():
        found = model.eval()(pixel_values=torch.from_numpy(inputs))
    hidden = found.last_hidden_state
    if hidden.ndim == 4:
        return found.pooler_output.flatten(1).numpy()
    return torch.cat([hidden[:, 1:].mean(1), hidden[:, 1:].amax(1)], 1).numpy()


def processor_features(folder, _file, inputs):
    import torch
    from PIL import Image
    from transformers import AutoImageProcessor, AutoModel

    processor = AutoImageProcessor.from_pretrained(folder)
    pixels = processor([Image.fromarray(one) for one in inputs], return_tensors="pt")["pixel_values"]
    return transformers_features(folder, None, pixels.numpy())


def timm_transform_features(folder, _file, inputs):
    import timm
    import torch
    from PIL import Image

    model = timm.create_model(f"local-dir:{folder}", pretrained=True, num_classes=0)
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model))
    return timm_features(folder, None, torch.stack([transform(Image.fromarray(one)) for one in inputs]).numpy())


def torchvision_features(folder, _file, inputs):
    import re

    import torch
    import torchvision
    from safetensors.torch import load_file

    # The card's own lines.
    card = open(f"{folder}/README.md").read()
    code = re.search(r"```python\n(.*?)```", card, re.S)[1].replace('"model.safetensors"', f'"{folder}/model.safetensors"')
    names = {}
    exec(code, names)
    with torch.inference_mode():
        return names["model"](torch.from_numpy(inputs)).numpy()


PROGRAMS = {
    "onnxruntime": onnxruntime_features,
    "timm": timm_features,
    "timm, its transform": timm_transform_features,
    "transformers": transformers_features,
    "transformers, its processor": processor_features,
    "torchvision": torchvision_features,
}

for case in json.load(sys.stdin):
    try:
        features = PROGRAMS[case["program"]](case["folder"], case.get("file"), np.load(case["inputs"]))
        print(json.dumps({"features": features.tolist()}), flush=True)
    except Exception as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), flush=True)
