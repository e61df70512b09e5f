// One of onnxruntime's packages for Node over all files of a folder; prints what it gives wrongly as JSON.
// usage: runtimes.cjs PACKAGE FOLDER
const fs = require("fs");
const path = require("path");

const [name, folder] = process.argv.slice(2);
const runtime = require(name);
const version = JSON.parse(fs.readFileSync(path.join(folder, "node_modules", name, "package.json"))).version;
const TOLERANCE = 1e-4;

function floats(file) {
  const bytes = fs.readFileSync(path.join(folder, file));
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

async function main() {
  if (runtime.env.wasm) runtime.env.wasm.numThreads = 1;
  const pixels = floats("pixels.f32");
  const wrong = {};
  for (const file of fs.readdirSync(folder).filter((entry) => entry.endsWith(".onnx")).sort()) {
    const number = file.slice(0, -".onnx".length);
    const expected = floats(`${number}.f32`);
    try {
      const session = await runtime.InferenceSession.create(fs.readFileSync(path.join(folder, file)));
      for (const batch of [1, 64]) {
        const tensor = new runtime.Tensor("float32", pixels.slice(0, batch * 64), [batch, 8, 8]);
        const { probabilities } = await session.run({ raw_pixels: tensor });
        const differences = probabilities.data.map((value, index) => Math.abs(value - expected[index]));
        const largest = Math.max(...differences);
        if (!(largest < TOLERANCE)) wrong[number] = `off by ${largest} for a batch of ${batch}`;
      }
    } catch (error) {
      wrong[number] = String(error).split("\n")[0];
    }
  }
  console.log(JSON.stringify({ runtime: `${name} ${version}`, wrong }));
}

main();
