import { greeting } from "greeting";
import { sum } from "./lib/sum.mjs";

const root = document.documentElement;

async function run() {
  const response = await fetch(root.dataset.wasm);
  // Streaming refuses every type but application/wasm.
  const { instance } = await WebAssembly.instantiateStreaming(response);
  const fonts = await document.fonts.load('16px "Sample"', "SAMPLE");
  root.dataset.sum = String(sum(20, 22));
  root.dataset.wasmSum = String(instance.exports.add(20, 22));
  root.dataset.fonts = String(fonts.length);
  root.dataset.shared = String(window.sampleShared);
  document.title = greeting("ready");
}

run().catch((error) => {
  document.title = `Sample: failed: ${error}`;
});
