'use strict';
// When a loop over a stream is told of its end, or its failure, among the jobs of promises that the end's listeners queue.
const { log } = require('./_trace');
const { PassThrough } = require('stream');
const jobs = (name, left) => left && queueMicrotask(() => { log(name, 'job', 4 - left); jobs(name, left - 1); });
const turn = () => new Promise((r) => setTimeout(r, 5));
async function loop(name, s) {
  try {
    for await (const chunk of s) log(name, 'chunk', String(chunk));
    log(name, 'over', s.destroyed);
  } catch (error) {
    log(name, 'threw', error, s.destroyed);
  }
}
(async () => {
  const ending = new PassThrough({ autoDestroy: false });
  loop('end', ending);
  await turn();
  ending.on('end', () => { log('end', 'end'); jobs('end', 3); });
  ending.end();
  await turn();
  for (const name of ['error', 'close']) {
    const failing = new PassThrough().on('error', () => {});
    loop(name, failing);
    await turn();
    failing.on('close', () => { log(name, 'close'); jobs(name, 3); });
    failing.destroy(name === 'error' ? new Error('mine') : undefined);
    await turn();
  }
})();
