// An MCP client that lists the tools of a server three times, over expiries of its token.
//
//     client.mjs headers URL NAME    gets its headers from `keyfob helper headers NAME`
//     client.mjs proxy PATH NAME     asks the proxy of `keyfob run --proxy NAME`
import { execFileSync } from "node:child_process";
import { setTimeout } from "node:timers/promises";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const [way, place, name] = process.argv.slice(2);
const LIFE_MS = 2100;

const ways = {
    headers: () => ({
        url: place,
        headers: () => JSON.parse(execFileSync("keyfob", ["helper", "headers", name], { encoding: "utf8" })),
    }),
    proxy: () => ({
        url: `${process.env.KEYFOB_PROXY_URL}/${name}${place}`,
        headers: () => ({ Authorization: `Bearer ${process.env.KEYFOB_PROXY_KEY}` }),
    }),
};
const { url, headers } = ways[way]();

const transport = new StreamableHTTPClientTransport(new URL(url), {
    fetch: (input, init) => {
        const all = new Headers(init?.headers);
        for (const [key, value] of Object.entries(headers())) all.set(key, value);
        return fetch(input, { ...init, headers: all });
    },
});
const client = new Client({ name: "keyfob-tests", version: "1" });
await client.connect(transport);
for (let round = 0; round < 3; round++) {
    if (round > 0) await setTimeout(LIFE_MS);
    const { tools } = await client.listTools();
    console.log(tools.map((tool) => tool.name).join(" "));
}
await client.close();
