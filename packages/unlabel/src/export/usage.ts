// How an exported encoder is used, in some ten lines for each program that opens it.
import type { VitDescription } from "../encoders/description.ts";
import { NORM_EPS } from "../encoders/variants.ts";
import type { ExportFacts } from "./facts.ts";
import { samplesFor } from "./onnx/preprocess.ts";
import type { Target } from "./options.ts";

/** Markdown. @param files of the folder */
export function usage(facts: ExportFacts, to: Target, files: readonly string[]): string {
  switch (to) {
    case "onnx":
      return onnx(facts, files);
    case "timm":
      return timm(facts);
    case "transformers":
      return transformers(facts, files);
    case "torchvision":
      return torchvision(facts);
  }
}

function block(language: string, lines: readonly (string | false)[]): string {
  return [`\`\`\`${language}`, ...lines.filter((line) => line !== false), "```"].join("\n");
}

function onnx(facts: ExportFacts, files: readonly string[]): string {
  const whole = files.find((file) => file.startsWith("model_with_preprocessing"));
  if (!whole) return raw(facts, files[0]!);
  const { input } = facts;
  const photos = input.channels === 3 && input.range === null && input.bands === null;
  const samples = samplesFor(input);
  const bands = input.bands === null ? String(input.channels) : "bands";
  const typed = { uint8: "Uint8Array", uint16: "Uint16Array", float32: "Float32Array" }[samples];
  const intro = `\`${whole}\` takes images as they are, ${samples} \`[N, H, W, ${bands}]\` of any size, and does the rest itself.`;
  const typescript = block("ts", [
    'import { InferenceSession, Tensor } from "onnxruntime-node";',
    photos && 'import sharp from "sharp";',
    "",
    `const session = await InferenceSession.create("${whole}");`,
    ...(photos
      ? [
          'const image = sharp("cat.jpg").rotate().flatten({ background: "white" }).toColourspace("srgb");',
          "const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });",
          'const images = new Tensor("uint8", data, [1, info.height, info.width, 3]);',
        ]
      : [
          `// samples: a ${typed} of height × width × ${bands}, channels interleaved`,
          `const images = new Tensor("${samples}", samples, [1, height, width, ${bands}]);`,
        ]),
    "const { features, tokens } = await session.run({ images });",
    `console.log(features.data, tokens.dims); // ${facts.dim} numbers, [1, ${facts.grid[0] * facts.grid[1]}, ${facts.width}]`,
  ]);
  const python = block("python", [
    "import numpy as np, onnxruntime",
    photos && "from PIL import Image, ImageOps",
    "",
    `session = onnxruntime.InferenceSession("${whole}")`,
    ...(photos
      ? [
          'image = ImageOps.exif_transpose(Image.open("cat.jpg")).convert("RGBA")',
          'image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")',
          'features, tokens = session.run(["features", "tokens"], {"images": np.asarray(image)[None]})',
        ]
      : [
          `# samples: a ${samples} array [height, width, ${bands}]`,
          'features, tokens = session.run(["features", "tokens"], {"images": samples[None]})',
        ]),
  ]);
  const browser = block("html", [
    '<input type="file" id="file">',
    '<script type="module">',
    '  import * as ort from "https://cdn.jsdelivr.net/npm/onnxruntime-web/dist/ort.wasm.min.mjs";',
    `  const session = await ort.InferenceSession.create("${whole}");`,
    "  file.onchange = async () => {",
    ...(photos
      ? [
          "    const bitmap = await createImageBitmap(file.files[0]);",
          "    const { width, height } = bitmap;",
          '    const canvas = new OffscreenCanvas(width, height).getContext("2d");',
          '    canvas.fillStyle = "white"; // where it is transparent',
          "    canvas.fillRect(0, 0, width, height);",
          "    canvas.drawImage(bitmap, 0, 0);",
          "    const rgb = canvas.getImageData(0, 0, width, height).data.filter((_, i) => i % 4 < 3);",
          '    const images = new ort.Tensor("uint8", Uint8Array.from(rgb), [1, height, width, 3]);',
        ]
      : [
          `    const samples = new ${typed}(await file.files[0].arrayBuffer()); // whatever decodes your files`,
          `    const images = new ort.Tensor("${samples}", samples, [1, height, width, ${bands}]);`,
        ]),
    "    console.log((await session.run({ images })).features.data);",
    "  };",
    "</script>",
  ]);
  return `${intro}\n\n${typescript}\n\n${python}\n\n${browser}\n`;
}

/** Without preprocessing in the graph. */
function raw({ input, size, dim }: ExportFacts, file: string): string {
  const shape = `[N, ${input.channels}, ${size}, ${size}]`;
  const typescript = block("ts", [
    'import { InferenceSession, Tensor } from "onnxruntime-node"; // or "onnxruntime-web"',
    "",
    `const session = await InferenceSession.create("${file}");`,
    `// values: a Float32Array of N × ${input.channels} × ${size} × ${size}, normalised as below`,
    `const pixel_values = new Tensor("float32", values, [1, ${input.channels}, ${size}, ${size}]);`,
    `const { features } = await session.run({ pixel_values }); // ${dim} numbers an image`,
  ]);
  const python = block("python", [
    "import onnxruntime",
    "",
    `session = onnxruntime.InferenceSession("${file}")`,
    `features, tokens = session.run(["features", "tokens"], {"pixel_values": values})  # float32 ${shape}`,
  ]);
  return `\`${file}\` takes \`pixel_values\`, float32 \`${shape}\`, resized and normalised as below.\n\n${typescript}\n\n${python}\n`;
}

function timm({ input, size, width }: ExportFacts): string {
  return `${block("python", [
    "import timm, torch",
    "from PIL import Image",
    "",
    'model = timm.create_model("local-dir:PATH/OF/THIS/FOLDER", pretrained=True, num_classes=0).eval()',
    input.channels === 3 && "transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model))",
    "with torch.inference_mode():",
    input.channels === 3
      ? `    features = model(transform(Image.open("cat.jpg").convert("RGB"))[None])  # [1, ${width}]`
      : `    features = model(torch.zeros(1, ${input.channels}, ${size}, ${size}))  # [1, ${width}]; normalise images as below`,
  ])}\n`;
}

function transformers({ input, size }: ExportFacts, files: readonly string[]): string {
  const processor = files.includes("preprocessor_config.json");
  const python = block("python", [
    `from transformers import ${processor ? "AutoImageProcessor, " : ""}AutoModel`,
    "import torch",
    processor && "from PIL import Image",
    "",
    'model = AutoModel.from_pretrained("PATH/OF/THIS/FOLDER").eval()',
    processor && 'processor = AutoImageProcessor.from_pretrained("PATH/OF/THIS/FOLDER")',
    processor
      ? 'inputs = processor(Image.open("cat.jpg"), return_tensors="pt")'
      : `inputs = {"pixel_values": torch.zeros(1, ${input.channels}, ${size}, ${size})}  # normalised as below`,
    "with torch.inference_mode():",
    "    print(model(**inputs).last_hidden_state.shape)",
  ]);
  if (!processor) return `${python}\n`;
  const javascript = block("ts", [
    'import { AutoModel, AutoProcessor, env, RawImage } from "@huggingface/transformers";',
    "",
    'env.localModelPath = "FOLDER/ABOVE/THIS/ONE"; // in a browser: its address',
    'const processor = await AutoProcessor.from_pretrained("NAME/OF/THIS/FOLDER");',
    'const model = await AutoModel.from_pretrained("NAME/OF/THIS/FOLDER", { dtype: "q8" }); // or fp32, fp16',
    'const { features, last_hidden_state } = await model(await processor(await RawImage.read("cat.jpg")));',
    "console.log(features.data, last_hidden_state.dims);",
  ]);
  return `${python}\n\n${javascript}\n`;
}

function torchvision(facts: ExportFacts): string {
  const { description } = facts;
  const lines = {
    resnet: () => torchvisionResNet(facts),
    convnext: () => torchvisionConvNeXt(facts),
    vit: () => (description.family === "vit" ? torchvisionVit(facts, description) : []),
  }[description.family]();
  return `${block("python", ["import torch, torchvision", "from safetensors.torch import load_file", "", ...lines])}\n`;
}

const LOADED = ['model.load_state_dict(load_file("model.safetensors"))', "model.eval()"];

function torchvisionResNet({ architecture, input, stem, dim }: ExportFacts): (string | false)[] {
  const first = stem === "3x3" ? "3, 1, 1" : "7, 2, 3";
  return [
    `model = torchvision.models.${architecture}()`,
    (input.channels !== 3 || stem === "3x3") &&
      `model.conv1 = torch.nn.Conv2d(${input.channels}, 64, ${first}, bias=False)`,
    stem === "3x3" && "model.maxpool = torch.nn.Identity()",
    `model.fc = torch.nn.Identity()  # features: ${dim} numbers`,
    ...LOADED,
  ];
}

function torchvisionConvNeXt({ architecture, input, dim, description }: ExportFacts): (string | false)[] {
  const width = description.family === "convnext" ? description.widths[0] : 0;
  return [
    `model = torchvision.models.${architecture}()`,
    input.channels !== 3 && `model.features[0][0] = torch.nn.Conv2d(${input.channels}, ${width}, 4, 4)`,
    `model.classifier[2] = torch.nn.Identity()  # features: ${dim} numbers`,
    ...LOADED,
  ];
}

function torchvisionVit({ input, size, width }: ExportFacts, vit: VitDescription): (string | false)[] {
  const { depth, heads, patch, mlpRatio = 4, normEps = NORM_EPS } = vit;
  const sizes = `image_size=${size}, patch_size=${patch}, num_layers=${depth}, num_heads=${heads}, hidden_dim=${width}, mlp_dim=${Math.round(mlpRatio * width)}`;
  const norm = normEps === NORM_EPS ? "" : `, norm_layer=lambda dim: torch.nn.LayerNorm(dim, ${normEps})`;
  return [
    `model = torchvision.models.VisionTransformer(${sizes}${norm})`,
    input.channels !== 3 && `model.conv_proj = torch.nn.Conv2d(${input.channels}, ${width}, ${patch}, ${patch})`,
    `model.heads = torch.nn.Identity()  # model(images): the class token, ${width} numbers`,
    ...LOADED,
    "",
    "def patch_tokens(images):",
    "    x = model._process_input(images)",
    "    return model.encoder(torch.cat([model.class_token.expand(len(x), -1, -1), x], 1))[:, 1:]",
  ];
}
