// node all.mjs URL [TOKEN]: everything in this folder, one after the other.
import { spawnSync } from 'node:child_process';

const [, , ...given] = process.argv;
let failed = 0;
for (const script of ['audit.mjs', 'http.mjs', 'ws.mjs', 'sse.mjs']) {
  console.log(`== ${script}`);
  if (spawnSync(process.execPath, [new URL(script, import.meta.url).pathname, ...given], { stdio: 'inherit' }).status) failed += 1;
}
process.exit(failed ? 1 : 0);
