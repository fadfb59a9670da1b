// node audit.mjs URL: the 61 audits of graphql-http (GraphQL over HTTP). Every one must be ok, SHOULD and MAY included.
import { auditServer } from 'graphql-http';

const url = process.argv[2];
if (!url) throw new Error('usage: node audit.mjs URL');
const results = await auditServer({ url, fetchFn: fetch });
const failed = results.filter((result) => result.status !== 'ok');
for (const { status, id, name, reason } of failed) console.log(status, id, name, reason ?? '');
console.log(`${results.length} audits, ${results.length - failed.length} ok`);
process.exit(failed.length || results.length < 61 ? 1 : 0);
