// The inputs of the table: what people write into `.env` files, and what the grammar of `dotenv` makes interesting.
'use strict'

const inputs = []
const add = (...texts) => texts.forEach((text) => inputs.includes(text) || inputs.push(text))

const QUOTES = ['"', "'", '`']
const ALL = ['', ...QUOTES]
const ENDS = ['\n', '\r\n', '\r']

// Every quote and none, with every escape.
for (const quote of ALL) {
  for (const escaped of ['n', 'r', 't', '\\', '"', "'", '`', '$', 'u0041', 'x41', 'd', '0', ' ', '', 'n\\r', '\\n', '\\\\n', 'nr']) {
    add(`A=${quote}a\\${escaped}b${quote}`, `A=${quote}a\\${escaped}${quote}\nB=1`)
  }
}

// Every quote and none, with every kind of comment and what looks like one.
for (const quote of ALL) {
  for (const after of ['#c', ' #c', '\t# c', ' # it\'s', ' # say "x"', ' # `x`', ' c', ' c # d', '# c\nB=1', ' \n# c\nB=1', ' \n\n  # c\nB=1']) {
    add(`A=${quote}x${quote}${after}`)
  }
  add(`A=${quote}a#b${quote}`, `A=${quote}a # b${quote}`, `A=${quote}#${quote}`, `A=${quote}a#b${quote} c`, `# A=${quote}\nB=1\nC=${quote}`)
}

// Every quote and none, with every end of a line, around and within.
for (const quote of ALL) {
  for (const end of ENDS) {
    add(`A=${quote}x${quote}${end}B=1${end}`, `A=${quote}x${end}y${quote}${end}B=1`, `${end}${end}A=${quote}x${quote}${end}${end}`)
    add(`A=${quote}${end}${quote}`, `# c${end}A=${quote}x${quote} # d${end}`, `A=${quote}x${end}# y${end}${quote}${end}B=1`)
  }
}
add('A=1\n\rB=2', 'A=1\r\r\nB=2', 'A="x\r\n\r\ny"', 'A=1\r#c\rB=2')

// Every way to begin a statement.
for (const before of ['', ' ', '\t', 'export ', ' export ', 'export\t', 'export  \t ', 'export\n', 'Export ', 'export export ', 'exported ', 'set ', '\n\n  ', '- ']) {
  for (const name of ['A', 'a.b', 'a-b', '9', '_', 'export', '-', '.']) {
    add(`${before}${name}=1`)
  }
}
for (const between of ['=', ' = ', '\t=\t', ' =', '= ', ':', ': ', ':  ', ' : ', ':\t', ': =', '= :', '==', ':=', '=\n', '\n=', '\n=\n', ':\n', ': \n', '\n: ', ' ', '']) {
  add(`A${between}x\nB=1`, `A${between}"x"\nB=1`, `A${between}\nB=1`, `A${between}'x\nB=1`, `export A${between}x`)
}
add('é=1', 'A é=1', 'A B=1', 'A\nB=1', '=1', ' = 1', '=', 'A', '"A"=1', "'A'=1", 'A[0]=1', 'A+=1', 'A?=1', '{"A":1}', 'A=1;B=2', 'A=1 B=2', 'export', 'export=1', 'export =1', 'export A', 'export A B=1')
add('__proto__=1\nA=1', 'constructor=1', 'toString=x', 'A=1\nA=2', 'A=1\nA=', 'A="1"\nA', 'A=1\n\n\nnonsense\nB=2', 'nonsense', '')

// The same quote within, escaped or not, closed or not.
for (const quote of QUOTES) {
  const others = QUOTES.filter((other) => other !== quote)
  for (const inner of ['a', '', ' ', 'it' + quote + 's', quote, quote + quote, quote + 'a' + quote, 'a' + quote, quote + 'a', '\\', '\\\\', '\\' + quote, 'a\\' + quote + 'b', '\\' + quote + '\\' + quote,
    'C:\\dir\\', others.join(''), `{${quote}a${quote}:${quote}b${quote}}`, `a${quote} ${quote}b`, `a\\${quote}`, `a${quote}#b`, `a\\${quote} #b`, `a${quote} # b`, `a\\${quote}\nb`, `a${quote}\nb`, `a\n${quote}b`, `a\\\n${quote}`]) {
    add(`A=${quote}${inner}${quote}`, `A=${quote}${inner}${quote}\nB=1`, `A=${quote}${inner}${quote}\nB=${quote}2${quote}`, `A=${quote}${inner}\nB=2`, `A=x${quote}${inner}${quote}`)
  }
  for (const other of others) {
    add(`A=${quote}x${other}`, `A=${quote}x${other}\nB=${other}y${quote}`, `A=${quote}${other}x${other}${quote}`, `A=${other}${quote}x${quote}${other} # ${quote}`)
  }
  add(`A=${quote}abc\nB=2`, `A=${quote}abc\nB=${quote}2${quote}\nC=3`, `A=${quote}abc\nB=${quote}2\nC=3`, `A=${quote}`, `A= ${quote}\n`, `A=${quote}\nB=${quote}\nC=1`)
  add(`A=\n${quote}x${quote}`, `A=\n\n ${quote}x${quote} y\nB=1`, `A: \n${quote}x${quote}`, `A=${quote}\\${quote}\n`, `A=${quote}\\${quote}\nB=${quote}\n${quote}`)
  add(`A=${quote}\\${quote} \\${quote} # ${quote} x`, `A=${quote}a\nb\nc${quote}x\nd=1`, `A=${quote}a${quote}${quote}b${quote}`, `A=${quote}a${quote},${quote}b${quote}`)
}

// White space as JavaScript has it, and what is none there.
for (const space of ['\u0000', '\u000b', '\u000c', '\u0085', '\u00a0', '\u00ad', '\u1680', '\u180e', '\u2000', '\u200a', '\u200b', '\u200d', '\u2028', '\u2029', '\u202f', '\u205f', '\u2060', '\u3000', '\ufeff']) {
  add(`${space}A=1`, `A${space}=1`, `A=${space}1${space}`, `A="${space}1${space}"${space}`, `A=x${space}y`, `A=x${space}B=1`, `# c${space}A=1`, `export${space}A=1`, `A:${space}1`)
  add(`A="x"${space}B=1`, `A=x${space}'y'${space}z`, `A='x'${space}'y'`, `A="x${space}"y"${space}z"`, `A="x"${space}# c${space}B=1`, `A="a\\n"${space}b`, `A='${space}`, `A=${space}#${space}B=2`)
}
add("A=x\u2028'y'\u2029\"z\"\u2028'w'", "A='x\u2028'y\u2028z'\u2028'w", "A='a'\u2028'b'\u2028c", "A=\"x\\n\u2028\"y\\n\"\u2028", "A='\u2028'", "A=`x`\u2029'x'\u2029`x`")

// As `vercel env pull` and other tools write them, and as people do.
const VALUES = ['', 'plain', ' spaced ', 'a # b', '#fff', "it's", 'say "x"', '"', '""', '"quoted"', "'quoted'", '`quoted`', '{"a":"b"}', '{"a":{"b":["c # d"]}}', '{\n  "a": "b"\n}', '["x","y"]', 'a=b', 'A="b"',
  'C:\\Users\\x', 'C:\\new\\report', 'C:\\dir\\', '\\', '\\\\', '\\n', '^\\d+\\.(js|ts)$', '\\"', 'a\tb', 'one\ntwo', 'one\r\ntwo\n', '\n', '-----BEGIN KEY-----\nMIIE+/a==\n-----END KEY-----\n',
  'postgres://u:p%40ss@h:5432/a?b=c&d=e#f', 'pa$$word', '${OTHER}', '$(id)', 'é日本\ud83d\ude00', '\ufeff', '\u00a0x\u2028y', '\u0085', '#', '" # "', '"#"']
for (const value of VALUES) {
  // Only line ends are escaped there.
  const file = ['# Created by Vercel CLI', 'BEFORE="1"', `VALUE="${value.replace(/\n/g, '\\n').replace(/\r/g, '\\r')}"`, 'AFTER="2"', ''].join('\n')
  add(file, file.replace(/\n/g, '\r\n'), `VALUE="${value}"\nAFTER="2"\n`, `VALUE='${value}'\nAFTER='2'\n`, `VALUE=${value}\nAFTER=2\n`, `VALUE=${JSON.stringify(value)}\n`)
}
add('# Created by Vercel CLI\nNX_DAEMON=""\nTURBO_CACHE="remote:rw"\nVERCEL="1"\nVERCEL_ENV="development"\n')
add('DATABASE_URL="postgres://user:p%40ss@db.example.com:5432/app?sslmode=require&x=1#y"\n')
add('PRIVATE_KEY="-----BEGIN PRIVATE KEY-----\\nMIIEvQ+/a==\\n-----END PRIVATE KEY-----\\n"\n')
add('PRIVATE_KEY="-----BEGIN PRIVATE KEY-----\nMIIEvQ+/a==\n-----END PRIVATE KEY-----\n"\nB=1\n')
add('PRIVATE_KEY=-----BEGIN PRIVATE KEY-----\nMIIEvQ\nabc==\n-----END PRIVATE KEY-----\n')
add('JSON="{"a":"b"}"', 'JSON={"a":"b","c":[1,"#"]}', 'JSON=\'{"a":"b # c"}\'', 'JSON="{\\"a\\":\\"b\\"}"', 'JSON=`{"a":\'b\'}`', 'JSON="{\n  "a": "b",\n  "c": 1\n}"\nB=1', "JSON='{\n  \"a\": \"b\"\n}'\nB=1")
add('WINDOWS="C:\\Users\\x"', 'WINDOWS=C:\\new\\table', 'WINDOWS="C:\\new\\report"', "WINDOWS='C:\\dir\\'\nE=1", 'WINDOWS="C:\\dir\\"\nE=1', 'WINDOWS=`C:\\dir\\`\nE=1', "WINDOWS='C:\\dir\\'\nE='1'")
add('PATTERN="^\\d+$"', 'PATTERN=^[^#]+$', "PATTERN='^\\d+#$'", 'CRON="*/5 * * * *"', 'CRON=0 0 * * *', 'COLOR=#fff', 'COLOR="#fff"', 'CHANNEL=#general # the channel')
add('PASSWORD=abc#def', 'PASSWORD="abc#def"', 'PASSWORD=pa$$word', 'PASSWORD="pa$word"', 'PASSWORD=${OTHER}', 'PASSWORD=it\'s', "PASSWORD='it's'", 'PASSWORD="say "x""', 'PASSWORD=a"b', 'PASSWORD=a=b==', 'PASSWORD=`a`b`')
add('KEY=a b c', 'KEY=  a b  ', 'KEY=a,b', 'KEY=<a>', 'KEY=a\\ b', 'KEY=a\\\nb=1', 'KEY=\\n', 'KEY="\\n"', "KEY='\\n'", 'KEY=`\\n`', 'KEY="a\\r\\nb"', 'KEY="\\\\n"', 'KEY=\\"x\\"', 'KEY=é日本\ud83d\ude00', 'KEY="é\ud83d\ude00"')
add('name: value', 'name: "value" # c', 'a: 1\nb: 2\n', '---\na: 1\n', '[section]\na=1', '; comment\na=1', '// comment\na=1', '/* a=1 */', 'a=1 // b', '#a=1', ' #a=1\nb=2', '#', '##\n#=\na=1', '#!/bin/sh\nexport A=1\n')
add('EMPTY=', 'EMPTY=\nB=1', 'EMPTY= \nB=1', 'EMPTY=""', "EMPTY=''", 'EMPTY=``', 'EMPTY=" "', 'EMPTY=\t\n\n\nB=1', 'EMPTY=#', 'EMPTY= #', 'EMPTY="" # c', 'EMPTY=\n# c\nB=1', 'EMPTY=\n"B"=1', 'EMPTY', 'EMPTY:', 'EMPTY: ')

module.exports = inputs
