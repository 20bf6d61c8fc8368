// The host of the module: `node host.mjs MODULE URL KEY`. The functions are those of browsers.
import { readFile } from "node:fs/promises";

const [module, url, key] = process.argv.slice(2);
const calls = new Map();
const bytesAt = (address, length) => new Uint8Array(exports.memory.buffer, address, length);
const textAt = (address, length) => new TextDecoder().decode(bytesAt(address, length));

// Completes a call, unless the module has ended it.
function complete(call, bytes) {
  if (calls.delete(call)) exports.complete(call, ...copy(bytes));
}

function copy(bytes) {
  const address = exports.allocate(bytes.length);
  bytesAt(address, bytes.length).set(bytes);
  return [address, bytes.length];
}

async function send(call, request, signal) {
  const end = request.findIndex((byte, at) => byte === 10 && request[at + 1] === 10);
  const [line, ...headers] = new TextDecoder().decode(request.slice(0, end)).split("\n");
  const [method, target] = line.split(" ");
  const body = method === "GET" ? undefined : request.slice(end + 2);
  const pairs = headers.map((header) => header.split(/: (.*)/s, 2));
  const response = await fetch(target, { method, headers: pairs, body, signal, redirect: "manual" });
  const head = [`${response.status}`, ...[...response.headers].map((pair) => pair.join(": "))].join("\n") + "\n\n";
  return Buffer.concat([Buffer.from(head), Buffer.from(await response.arrayBuffer())]);
}

const host = {
  fetch(call, address, length) {
    const controller = new AbortController();
    calls.set(call, () => controller.abort());
    const failed = () => new Uint8Array();
    send(call, bytesAt(address, length).slice(), controller.signal).catch(failed).then((bytes) => complete(call, bytes));
  },
  set_timeout(call, milliseconds) {
    const timeout = setTimeout(() => complete(call, new Uint8Array()), milliseconds);
    calls.set(call, () => clearTimeout(timeout));
  },
  cancel(call) {
    const end = calls.get(call);
    calls.delete(call);
    end?.();
  },
  performance_now: () => performance.now(),
  date_now: () => Date.now(),
  math_random: () => Math.random(),
  print: (address, length) => process.stdout.write(textAt(address, length)),
};

const { exports } = (await WebAssembly.instantiate(await readFile(module), { host })).instance;
exports.start(...copy(new TextEncoder().encode(`${url}\n${key}`)));
