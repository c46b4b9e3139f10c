// Reads an OpenAPI document on stdin and writes its types to the file named, with the document's digest on top.
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import openapiTS, { astToString } from 'openapi-typescript';

const [target] = process.argv.slice(2);
if (target === undefined) throw new Error('name the file to write');
const source = await text(process.stdin);
const digest = createHash('sha256').update(source).digest('hex');
const types = astToString(await openapiTS(source, { defaultNonNullable: false }));
await writeFile(
  target,
  `// Made by \`make api-types\`; do not edit. OpenAPI document sha256 ${digest}\n\n${types}`,
);
