import { chmodSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UserError } from "../../base/errors.ts";
import { paxRecord, type TarEntry, tarOf } from "../../testing/archives.ts";
import { withoutPrivileges } from "../../testing/data.ts";
import { serve } from "../../testing/server.ts";
import { bytesOf, list, sourceFolder } from "../../testing/sources.ts";
import { imagesOf } from "../images.ts";
import { openData } from "../open.ts";
import { expandBraces } from "./braces.ts";
import { remoteBytes } from "./bytes.ts";

const folder = sourceFolder();
const { put } = folder;

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
      /found none, but 1 entry that is no file, such as a link$/,
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
    await server.close();
    await expect(file.read(0, 512)).rejects.toThrow(/but the connection is refused/);
  });

  it("are refused where the server gives no parts, after one request and before they have come", async () => {
    await using server = await serve({ "a.tar": Buffer.alloc(64e6), "empty.tar": Buffer.alloc(0) });
    const url = `${server.url}/a.tar`;
    const one = new RegExp(
      `gives parts of files for ${url}, got one that does not; download it first \\(curl -O ${url}\\)`,
    );
    const file = await (await remoteBytes(url)).open();
    for (const [behaviour, work] of [
      [{ ranges: false }, () => openData(url)],
      [{ ranges: false }, () => file.read(0, 512)],
      // Rejected by what it says, and by what comes.
      [{ ranges: true, more: { bytes: 40e6, said: true } }, () => openData(url)],
      [{ ranges: true, more: { bytes: 40e6, said: false } }, () => file.read(0, 512)],
    ] as const) {
      Object.assign(server.behaviour, behaviour);
      server.asked.length = 0;
      await expect(work()).rejects.toThrow(one);
      expect(server.asked).toHaveLength(1);
      // Of 64 MB what the line holds.
      expect(server.asked[0]!.sent).toBeLessThan(16e6);
    }
    await expect(openData(`${server.url}/empty.tar`)).rejects.toThrow(/at least one byte .*, got an empty one/);
  });

  it("are named by patterns", () => {
    expect(expandBraces("s-{08..11}.tar")).toEqual(["s-08.tar", "s-09.tar", "s-10.tar", "s-11.tar"]);
    expect(expandBraces("{a,b}-{0..1}")).toEqual(["a-0", "a-1", "b-0", "b-1"]);
    expect(() => expandBraces("{0..999999999}.tar")).toThrow(UserError);
    expect(() => expandBraces("{5..4}.tar")).toThrow(/rising range/);
  });
});
