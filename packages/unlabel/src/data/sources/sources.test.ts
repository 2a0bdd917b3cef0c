import { chmodSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { UserError } from "../../errors.ts";
import { cifarOf, idxOf, paxRecord, type TarEntry, tarOf } from "../../testing/archives.ts";
import { sampleImage, samplePixels, temporaryFolder, withoutPrivileges, writeImages } from "../../testing/data.ts";
import { serve } from "../../testing/server.ts";
import type { Dataset, Split } from "../folder.ts";
import { imagesOf } from "../images.ts";
import { openData } from "../open.ts";
import { expandBraces } from "./braces.ts";
import { remoteBytes } from "./bytes.ts";

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
  vi.stubEnv("UNLABEL_CACHE", join(folder.path, "cache"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  folder[Symbol.dispose]();
});

function put(name: string, content: string | Uint8Array): string {
  const path = join(folder.path, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

function list({ classes }: Dataset, split: Split | null): string[] | null {
  return split?.items.map(({ path, label }) => `${path} ${classes[label]?.name ?? "-"}`) ?? null;
}

async function bytesOf(split: Split): Promise<string[]> {
  const images = await imagesOf(split, split.items);
  return images.map((image) => (image instanceof Uint8Array ? Buffer.from(image).toString() : "?"));
}

describe("a list of files", () => {
  it("has paths relative to its own folder, labels and splits, with a header in any order or none", async () => {
    put("images/a 1.jpg", "x");
    const plain = await openData(
      put("list.txt", "# made by hand\nimages/a 1.jpg,cat,train\r\n\nb.jpg,dog,val\n/c.jpg,cat\n"),
    );
    expect(plain.layout).toBe("file-list");
    expect(list(plain, plain.train)).toEqual(["images/a 1.jpg cat", "/c.jpg cat"]);
    expect(list(plain, plain.val)).toEqual(["b.jpg dog"]);
    expect(await imagesOf(plain.train, plain.train.items)).toEqual([join(folder.path, "images/a 1.jpg"), "/c.jpg"]);
    const headed = await openData(put("list.csv", 'Label,Path\n10,"a, b.jpg"\n2,c.jpg\n'));
    expect(headed.classes.map(({ id }) => id)).toEqual(["2", "10"]);
    expect(list(headed, headed.train)).toEqual(["a, b.jpg 10", "c.jpg 2"]);
    const tabs = await openData(put("list.tsv", "a,b.jpg\tcat\n"));
    expect(list(tabs, tabs.train)).toEqual(["a,b.jpg cat"]);
  });

  it("takes a path below a file as one that is not there", async () => {
    put("a.jpg", "x");
    const { train } = await openData(put("list.csv", "a.jpg,cat\na.jpg/b.jpg,cat\n"));
    expect(train.items.map(({ path }) => path)).toEqual(["a.jpg", "a.jpg/b.jpg"]);
  });

  it.each([
    ["a.jpg,cat,train\na.jpg,cat,train,more\n", /there are 4 fields.* in line 2 of/],
    ["a.jpg\n,cat\n", /the path of an image, but there is none in line 2 of/],
    ["a.jpg,cat,holdout\n", /Expected train, val or test as split, got holdout in line 1 of/],
    ["path,colour\na.jpg,red\n", /Expected the columns path, label, split in line 1 of/],
    ["https://example.org/a.jpg\n", /Expected a file, got the address .* in line 1 of/],
    ['"a.jpg\n', /Expected a list of files in .*: Quote Not Closed/],
    ["# nothing\n", /Expected images in .*, found none/],
  ])("refuses %j", async (content, message) => {
    const opening = openData(put("list.csv", content));
    await expect(opening).rejects.toThrow(UserError);
    await expect(opening).rejects.toThrow(message);
  });
});

describe("tar shards", () => {
  const pair = (key: string, label: string): TarEntry[] => [
    { path: `${key}.jpg`, content: `image ${key}` },
    { path: `${key}.cls`, content: `${label}\n` },
  ];

  it("are read in order, with train and val by name, and the list of samples kept for the next time", async () => {
    put("set/train-000.tar", tarOf([...pair("a", "10"), ...pair("b", "2")]));
    put("set/train-001.tar", tarOf(pair("c", "2")));
    put("set/val-000.tar", tarOf(pair("d", "10")));
    const read = async (root: string) => {
      const data = await openData(join(folder.path, root));
      return { ...data, train: list(data, data.train), bytes: await bytesOf(data.train), val: list(data, data.val) };
    };
    const first = await read("set");
    expect(first.layout).toBe("webdataset");
    expect(first.train).toEqual(["train-000.tar/a.jpg 10", "train-000.tar/b.jpg 2", "train-001.tar/c.jpg 2"]);
    expect(first.val).toEqual(["val-000.tar/d.jpg 10"]);
    expect(first.classes.map(({ id }) => id)).toEqual(["2", "10"]);
    expect(first.bytes).toEqual(["image a", "image b", "image c"]);
    expect(await read("set")).toEqual(first);
    expect((await read("set/train-{000..001}.tar")).bytes).toEqual(first.bytes);
    // A shard made anew is listed anew.
    put("set/train-001.tar", tarOf([...pair("c", "2"), ...pair("longer", "2")]));
    const second = await read("set");
    expect(second.bytes).toEqual([...first.bytes, "image longer"]);
    expect(second.fingerprint).not.toBe(first.fingerprint);
  });

  it("take a class from JSON, repeated texts, or folders, and no class from captions", async () => {
    const open = async (entries: TarEntry[]) => {
      const data = await openData(put("one.tar", tarOf(entries)));
      return list(data, data.train);
    };
    const image = (path: string) => ({ path, content: "x" });
    expect(await open([image("a.png"), { path: "a.json", content: '{"label": 3, "width": 2}' }])).toEqual([
      "one.tar/a.png 3",
    ]);
    const texts = (words: string[]) =>
      words.flatMap((content, i) => [image(`${i}.webp`), { path: `${i}.txt`, content }]);
    expect(await open(texts(["cat", "dog", "cat", "dog"]))).toContain("one.tar/3.webp dog");
    expect(await open(texts(["a cat on a mat", "two dogs", "a bird"]))).toContain("one.tar/1.webp -");
    expect(await open([image("./set/cat/1.jpg"), image("./set/dog/1.jpg")])).toEqual([
      "one.tar/set/cat/1.jpg cat",
      "one.tar/set/dog/1.jpg dog",
    ]);
    await expect(open([image("a.png"), { path: "a.json", content: "{" }])).rejects.toThrow(
      /Expected JSON in .*one\.tar\/a\.json/,
    );
  });

  it("know long names of GNU and pax; names lead nowhere, links and devices are left out", async () => {
    const long = `${"deep/".repeat(40)}a.jpg`;
    const entries: TarEntry[] = [
      { path: "././@LongLink", type: "L", content: `${long}\0` },
      { path: long, content: "one" },
      {
        path: "PaxHeaders/x",
        type: "x",
        content: paxRecord("path", `${long.slice(0, -5)}ü=b.jpg`) + paxRecord("mtime", "1.5"),
      },
      { path: "short.jpg", content: "two" },
      { path: "folder", type: "5" },
      { path: "link.jpg", type: "2" },
      { path: "device.jpg", type: "3" },
      { path: "../../../etc/passwd.jpg", content: "three" },
      { path: "/etc/shadow.jpg", content: "four" },
      { path: "._hidden.jpg", content: "five" },
    ];
    const data = await openData(put("odd.tar", tarOf(entries)));
    expect(data.train.items.map(({ path }) => path)).toEqual([
      `odd.tar/${long}`,
      `odd.tar/${long.slice(0, -5)}ü=b.jpg`,
      "odd.tar/../../../etc/passwd.jpg",
      "odd.tar/etc/shadow.jpg",
    ]);
    expect(await bytesOf(data.train)).toEqual(["one", "two", "three", "four"]);
    await expect(openData(put("links.tar", tarOf([{ path: "a.jpg", type: "2" }])))).rejects.toThrow(
      /found none \(1 links/,
    );
  });

  it("are refused in one line where they are damaged", async () => {
    const whole = tarOf(pair("a", "1"));
    const flipped = Buffer.from(whole);
    flipped[10]! ^= 1;
    const huge = tarOf([
      { path: "long", type: "L", size: 100e6 },
      { path: "a.jpg", content: Buffer.alloc(100_001_000) },
    ]);
    for (const [content, message] of [
      [flipped, /there is no header at byte 0;/],
      [whole.subarray(0, 515), /it ends within a\.jpg at byte 0/],
      [tarOf(pair("a", "1"), { end: false }), /without its end mark at byte 2048/],
      [Buffer.alloc(700, "x"), /there is no header/],
      [huge, /a header of 100000000 bytes is longer than any real one/],
      [tarOf([{ path: "a.jpg", size: 8 ** 10 }]), /it ends within a\.jpg/],
    ] as const) {
      await expect(openData(put("bad.tar", content))).rejects.toThrow(message);
    }
    await expect(openData(join(folder.path, "shard-{0..1}.tar"))).rejects.toThrow(
      /Expected to read .*shard-0\.tar, but it does not exist/,
    );
    const locked = put("locked.tar", tarOf(pair("a", "1")));
    chmodSync(locked, 0);
    chmodSync(folder.path, 0o755);
    await expect(withoutPrivileges(() => openData(locked))).rejects.toThrow(
      /Expected to read .*locked\.tar, but you may not read it/,
    );
    await expect(openData("http://localhost/a.tar.gz")).rejects.toThrow(/not packed further/);
  });

  it("end the run where a shard changes under it", async () => {
    const path = put("a.tar", tarOf([...pair("a", "1"), ...pair("b", "1")]));
    const { train } = await openData(path);
    truncateSync(path, 600);
    await expect(imagesOf(train, train.items)).rejects.toThrow(
      /a\.tar as it was when it was opened, but it has changed/,
    );
  });

  it("are read by ranges from a server, with patience", async () => {
    await using server = await serve({
      "sets/train-0.tar": tarOf([...pair("a", "cat"), ...pair("b", "dog")]),
      "sets/train-1.tar": tarOf(pair("c", "cat")),
      "sets/val-0.tar": tarOf(pair("d", "dog")),
    });
    const data = await openData(`${server.url}/sets/{train-{0..1},val-0}.tar`);
    expect(list(data, data.train)).toEqual(["train-0.tar/a.jpg cat", "train-0.tar/b.jpg dog", "train-1.tar/c.jpg cat"]);
    server.behaviour.fails = 1;
    expect(await bytesOf(data.train)).toEqual(["image a", "image b", "image c"]);
    expect(await bytesOf(data.val!)).toEqual(["image d"]);
    const before = server.asked.length;
    await bytesOf(data.train);
    expect(server.asked.length).toBe(before);
    await expect(openData(`${server.url}/sets/none.tar`)).rejects.toThrow(
      /got 404 \(there is no such file\); check the address/,
    );
  });

  it("tell in one line what a server does wrong", async () => {
    await using server = await serve({ "a.tar": tarOf(pair("a", "1")) });
    const quick = { attempts: 3, wait: 1 };
    const file = await (await remoteBytes(`${server.url}/a.tar`, quick)).open();
    Object.assign(server.behaviour, { cuts: 2, cutAfter: 100 });
    expect((await file.read(0, 512)).length).toBe(512);
    Object.assign(server.behaviour, { cuts: 9 });
    await expect(file.read(0, 512)).rejects.toThrow(/to be sent, but the line is cut \(3 attempts\)/);
    Object.assign(server.behaviour, { cuts: 0, fails: 9, status: 500 });
    await expect(file.read(0, 512)).rejects.toThrow(/but the server answers 500 \(3 attempts\)/);
    Object.assign(server.behaviour, { fails: 0, etag: '"two"' });
    await expect(file.read(0, 512)).rejects.toThrow(/as it was when it was opened, but it has changed/);
    server.behaviour.ranges = false;
    await expect(remoteBytes(`${server.url}/a.tar`, quick)).rejects.toThrow(/that gives parts of files/);
    await server.close();
    await expect(file.read(0, 512)).rejects.toThrow(/but the connection is refused/);
  });

  it("are named by patterns", () => {
    expect(expandBraces("s-{08..11}.tar")).toEqual(["s-08.tar", "s-09.tar", "s-10.tar", "s-11.tar"]);
    expect(expandBraces("{a,b}-{0..1}")).toEqual(["a-0", "a-1", "b-0", "b-1"]);
    expect(() => expandBraces("{0..999999999}.tar")).toThrow(UserError);
    expect(() => expandBraces("{5..4}.tar")).toThrow(/rising range/);
  });
});

describe("CIFAR", () => {
  it("reads the binary files of CIFAR-10: planes become pixels, test stands in for val", async () => {
    const names = "airplane automobile bird cat deer dog frog horse ship truck".split(" ");
    put("c/batches.meta.txt", `${names.join("\n")}\n\n`);
    put("c/data_batch_1.bin", cifarOf([[3], [9]]));
    put("c/data_batch_2.bin", cifarOf([[0]]));
    put("c/test_batch.bin", cifarOf([[5]]));
    const data = await openData(join(folder.path, "c"));
    expect(data.layout).toBe("cifar-10");
    expect(list(data, data.train)).toEqual([
      "data_batch_1.bin#0 cat",
      "data_batch_1.bin#1 truck",
      "data_batch_2.bin#0 airplane",
    ]);
    expect(list(data, data.val)).toEqual(["test_batch.bin#0 dog"]);
    expect(data.classes.map(({ name }) => name)).toEqual(names);
    const [second, third, first] = await imagesOf(
      data.train,
      [1, 2, 0].map((i) => data.train.items[i]!),
    );
    expect(first).toEqual({ data: samplePixels(32, 32, 0), width: 32, height: 32 });
    expect(second).toEqual({ data: samplePixels(32, 32, 1), width: 32, height: 32 });
    expect(third).toEqual(first);
  });

  it("takes CIFAR-100's fine labels, and refuses half a record or a class beyond the last", async () => {
    const names = Array.from({ length: 100 }, (_, i) => `class${i}`);
    put("c/fine_label_names.txt", names.join("\n"));
    put("c/train.bin", cifarOf([[1, 42]]));
    put("c/test.bin", cifarOf([[2, 7]]));
    const data = await openData(join(folder.path, "c"));
    expect([list(data, data.train), list(data, data.val)]).toEqual([["train.bin#0 class42"], ["test.bin#0 class7"]]);
    put("c/train.bin", cifarOf([[1, 142]]));
    await expect(openData(join(folder.path, "c"))).rejects.toThrow(
      /a class below 100 in .*train\.bin, got 142 in record 0/,
    );
    put("c/train.bin", cifarOf([[1, 42]]).subarray(5));
    await expect(openData(join(folder.path, "c"))).rejects.toThrow(/records of 3074 bytes in .*train\.bin, got 3069/);
  });
});

describe("IDX", () => {
  const images = idxOf(
    [3, 2, 4],
    Uint8Array.from({ length: 24 }, (_, i) => i),
  );

  it("reads MNIST's files, packed or not, gray to RGB", async () => {
    put("m/train-images-idx3-ubyte.gz", gzipSync(images));
    put("m/train-labels-idx1-ubyte.gz", gzipSync(idxOf([3], Uint8Array.of(7, 0, 7))));
    put("m/t10k-images-idx3-ubyte", images);
    put("m/t10k-labels-idx1-ubyte", idxOf([3], Uint8Array.of(0, 7, 0)));
    const data = await openData(join(folder.path, "m"));
    expect(data.layout).toBe("idx");
    expect(data.train.items.map(({ label }) => data.classes[label]?.id)).toEqual(["7", "0", "7"]);
    expect(data.val?.items.map(({ label }) => data.classes[label]?.id)).toEqual(["0", "7", "0"]);
    const [image] = await imagesOf(data.val!, [data.val!.items[1]!]);
    const gray = [8, 9, 10, 11, 12, 13, 14, 15];
    expect(image).toEqual({ data: Uint8Array.from(gray.flatMap((v) => [v, v, v])), width: 4, height: 2 });
  });

  it("refuses what does not fit together", async () => {
    const root = join(folder.path, "m");
    put("m/train-images-idx3-ubyte", images.subarray(0, 30));
    await expect(openData(root)).rejects.toThrow(/got 14 values for 3 × 2 × 4/);
    put("m/train-images-idx3-ubyte", images);
    put("m/train-labels-idx1-ubyte", idxOf([2], Uint8Array.of(1, 2)));
    await expect(openData(root)).rejects.toThrow(/a label for each of 3 images in .*, got 2/);
    put("m/train-labels-idx1-ubyte", "nonsense");
    await expect(openData(root)).rejects.toThrow(/got another kind of file/);
    put("n/train-images-idx3-ubyte.gz", gzipSync(images).subarray(0, 20));
    await expect(openData(join(folder.path, "n"))).rejects.toThrow(/Expected a whole gzip file/);
  });
});

describe("Parquet", () => {
  const write = (name: string, images: string[], label: number[], codec: "SNAPPY" | "UNCOMPRESSED" = "SNAPPY") => {
    const features = { label: { names: ["cat", "dog"], _type: "ClassLabel" }, image: { _type: "Image" } };
    const buffer = parquetWriteBuffer({
      columnData: [
        { name: "label", data: label, type: "INT32" },
        { name: "image", data: images.map((image) => new TextEncoder().encode(image)), type: "BYTE_ARRAY" },
      ],
      rowGroupSize: 2,
      codec,
      kvMetadata: [{ key: "huggingface", value: JSON.stringify({ info: { features } }) }],
    });
    return put(name, new Uint8Array(buffer));
  };

  it("reads images and class names as Hugging Face writes them, by row groups", async () => {
    write("p/data/train-00000-of-00002.parquet", ["one", "two", "three"], [1, 0, 1]);
    write("p/data/train-00001-of-00002.parquet", ["four"], [0], "UNCOMPRESSED");
    write("p/data/test-00000-of-00001.parquet", ["five"], [1]);
    put("p/README.md", "about");
    const data = await openData(join(folder.path, "p"));
    expect(data.layout).toBe("parquet");
    expect(list(data, data.train)).toEqual([
      "train-00000-of-00002.parquet#0 dog",
      "train-00000-of-00002.parquet#1 cat",
      "train-00000-of-00002.parquet#2 dog",
      "train-00001-of-00002.parquet#0 cat",
    ]);
    expect(list(data, data.val)).toEqual(["test-00000-of-00001.parquet#0 dog"]);
    expect(await bytesOf(data.train)).toEqual(["one", "two", "three", "four"]);
    expect(await bytesOf({ ...data.train, items: [data.train.items[2]!, data.train.items[0]!] })).toEqual([
      "three",
      "one",
    ]);
  });

  // Written by another program, with a nested column, dictionaries and two row groups.
  it("reads images beside their paths, and takes rows without one for empty files", async () => {
    const data = await openData(fileURLToPath(new URL("../../../../../fixtures/images.parquet", import.meta.url)));
    expect(list(data, data.train)).toEqual(
      ["dog", "cat", "dog", "-", "cat", "cat"].map((name, i) => `images.parquet#${i} ${name}`),
    );
    const images = await imagesOf(data.train, data.train.items);
    const bytes = (text: string) => new TextEncoder().encode(text);
    expect(images).toEqual([
      bytes("one"),
      bytes("two"),
      Uint8Array.of(0xff, 0xd8, 0),
      bytes("four"),
      bytes(""),
      bytes(""),
    ]);
  });

  it("is refused without images or where it is damaged", async () => {
    const path = put(
      "p.parquet",
      new Uint8Array(parquetWriteBuffer({ columnData: [{ name: "label", data: [1, 2], type: "INT32" }] })),
    );
    await expect(openData(path)).rejects.toThrow(/a column of encoded images in .*, got the columns label/);
    await expect(openData(put("q.parquet", "nonsense"))).rejects.toThrow(
      /Expected a whole Parquet file in .*q\.parquet/,
    );
  });
});

describe("openData", () => {
  it("takes a folder of images with an archive beside them as a folder", async () => {
    await writeImages(folder.path, ["train/a/1.png", "train/b/1.png"]);
    put("backup.tar", "whatever");
    expect((await openData(folder.path)).layout).toBe("train-val");
    put("flat/backup.tar", "whatever");
    put("flat/1.jpg", await sampleImage(8, 8).jpeg().toBuffer());
    expect((await openData(join(folder.path, "flat"))).layout).toBe("unlabelled");
    symlinkSync(join(folder.path, "flat"), join(folder.path, "link"));
    expect((await openData(join(folder.path, "link"))).train.items).toHaveLength(1);
  });
});
