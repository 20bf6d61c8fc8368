// The readings of npm's `dotenv`, to hold the reader of `.env` text in convex-mgmt-proto against.
//
// usage: node oracle.js FOLDER table   prints the table of `inputs.js` with what is read, one input a line
//        node oracle.js FOLDER read    reads a JSON list of texts, and prints the list of what is read
//
// FOLDER is where `dotenv` was installed. `cargo xtask dotenv` does all that.
'use strict'
const fs = require('fs')
const path = require('path')

const [folder, command] = process.argv.slice(2)
const { parse } = require(path.join(path.resolve(folder), 'node_modules', 'dotenv'))

// ASCII only, so that no line of the table holds what an editor hides.
const json = (value) => JSON.stringify(value).replace(/[^ -~]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'))

if (command === 'table') {
  const rows = require('./inputs.js').map((text) => json([text, parse(text)]))
  process.stdout.write(`[\n${rows.join(',\n')}\n]\n`)
} else {
  const texts = JSON.parse(fs.readFileSync(0, 'utf8'))
  process.stdout.write(json(texts.map((text) => parse(text))))
}
