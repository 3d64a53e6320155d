'use strict';
// Encodes and decodes for test_decoder.py: a question and an answer are one JSON line each.
const { StringDecoder } = require('string_decoder');

function answer({ encode, decode, encoding }) {
  if (encode !== undefined) {
    return [Buffer.from(encode, encoding).toString('hex'), Buffer.byteLength(encode, encoding)];
  }
  const decoder = new StringDecoder(encoding);
  return [...decode.map((hex) => decoder.write(Buffer.from(hex, 'hex'))), decoder.end()];
}

require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  process.stdout.write(`${JSON.stringify(answer(JSON.parse(line)))}\n`);
});
