"""Opens exports in their own programs. Reads [{program, folder, file?, inputs}] from stdin, where inputs is a .npy file of what goes in, and
prints a line of JSON for each: the features, as a list of rows, or the error."""
import json
import sys

import numpy as np


def onnxruntime_features(folder, file, inputs, _pooling="mean_max"):
    import onnxruntime

    session = onnxruntime.InferenceSession(f"{folder}/{file}", providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return session.run(["features"], {name: inputs})[0]


def pooled_as(pooling, class_token, patches):
    """Features as unlabel makes them of tokens."""
    import torch

    parts = {
        "mean_max": lambda: [patches.mean(1), patches.amax(1)],
        "mean": lambda: [patches.mean(1)],
        "class": lambda: [class_token],
        "class_mean": lambda: [class_token, patches.mean(1)],
    }[pooling]()
    return torch.cat(parts, 1).numpy()


def timm_features(folder, _file, inputs, pooling="mean_max"):
    import timm
    import torch

    model = timm.create_model(f"local-dir:{folder}", pretrained=True, num_classes=0).eval()
    with torch.inference_mode():
        tokens = model.forward_features(torch.from_numpy(inputs))
        pooled = model(torch.from_numpy(inputs))
    # Maps, and where timm has a name for what ours are.
    if tokens.ndim == 4 or pooling in ("mean", "class"):
        return pooled.numpy()
    patches = tokens[:, model.num_prefix_tokens :]
    assert torch.allclose(pooled, patches.mean(1), atol=1e-5), "timm's features are no mean of the patch tokens"
    return pooled_as(pooling, tokens[:, 0], patches)


def transformers_features(folder, _file, inputs, pooling="mean_max"):
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
    assert torch.allclose(found.pooler_output, hidden[:, 0]), "its pooled output is not the class token"
    return pooled_as(pooling, hidden[:, 0], hidden[:, 1 + getattr(model.config, "num_register_tokens", 0) :])


def processor_features(folder, _file, inputs, pooling="mean_max"):
    import torch
    from PIL import Image
    from transformers import AutoImageProcessor, AutoModel

    processor = AutoImageProcessor.from_pretrained(folder)
    pixels = processor([Image.fromarray(one) for one in inputs], return_tensors="pt")["pixel_values"]
    return transformers_features(folder, None, pixels.numpy(), pooling)


def timm_transform_features(folder, _file, inputs, pooling="mean_max"):
    import timm
    import torch
    from PIL import Image

    model = timm.create_model(f"local-dir:{folder}", pretrained=True, num_classes=0)
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model))
    pixels = torch.stack([transform(Image.fromarray(one)) for one in inputs])
    return timm_features(folder, None, pixels.numpy(), pooling)


def torchvision_features(folder, _file, inputs, pooling="mean_max"):
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
        features = names["model"](torch.from_numpy(inputs))
        if "patch_tokens" not in names:
            return features.numpy()
        return pooled_as(pooling, features, names["patch_tokens"](torch.from_numpy(inputs)))


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
        features = PROGRAMS[case["program"]](case["folder"], case.get("file"), np.load(case["inputs"]), case["pooling"])
        print(json.dumps({"features": features.tolist()}), flush=True)
    except Exception as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), flush=True)
