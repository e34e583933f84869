// Books two charges twice and reads their cost back. Everything sent is checked by the reference implementation of GraphQL: the
// checked-in schema, the schema that the service describes of itself, and the operations that our clients send.

import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [endpoint, token, packages, schemaFile, operations] = process.argv.slice(2);
const { buildClientSchema, buildSchema, findBreakingChanges, getIntrospectionQuery, parse, validate, validateSchema } =
  createRequire(join(packages, "package.json"))("graphql");

async function ask(query, variables) {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

function must(name, faults) {
  if (faults.length > 0) throw new Error(`${name}: ${faults.map((fault) => fault.message ?? fault.description).join("; ")}`);
}

const written = buildSchema(readFileSync(schemaFile, "utf8"));
must("the checked-in schema", validateSchema(written));
const served = buildClientSchema(await ask(getIntrospectionQuery()));
must("the served schema", validateSchema(served));
// The library adds newer places to its own @deprecated when it reads a schema file.
const lost = findBreakingChanges(written, served).filter(({ type }) => type !== "DIRECTIVE_LOCATION_REMOVED");
must("the served schema against the checked-in one", lost);
for (const file of readdirSync(operations)) {
  must(file, validate(served, parse(readFileSync(join(operations, file), "utf8"))));
}

async function send(query, variables) {
  must(query, validate(served, parse(query)));
  return ask(query, variables);
}

const charge = (number) => ({
  source: "graphql-js",
  externalId: `call-${number}`,
  occurredAt: `2026-01-0${number}T10:00:00Z`,
  provider: "openai",
  model: "gpt-4o",
  usage: { inputTokens: 1200, outputTokens: 300 },
});
const record =
  "mutation Record($input: RecordChargesInput!) { recordCharges(input: $input) { recorded replayed rejected userErrors { code } } }";
const variables = { input: { charges: [charge(1), charge(2)] } };
const first = (await send(record, variables)).recordCharges;
const second = (await send(record, variables)).recordCharges;
const { spend } = await send('{ spend(from: "2026-01-01", to: "2026-02-01", groupBy: [MODEL]) { total { amount } } }');
const total = spend.total.amount;
console.log(`recorded ${first.recorded}, replayed ${second.replayed}, total ${total}`);
