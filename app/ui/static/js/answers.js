// A file is looked at when it is chosen: its size, its kind, and the first rows of a table against
// the problem's columns. The server looks again and has the last word; this only saves an upload.
const HEAD = 256 * 1024;
const ROWS = 2000;
const MOST = 5;

export async function checkFile(file, kind, rules, words) {
  const limit = rules.sizes?.[kind];
  if (limit && file.size > limit) return [words.large];
  const head = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
  if (kind === "code") return head[0] === 0x50 && head[1] === 0x4b ? [] : [words.zip];
  if (!rules.table || !/\.csv$/i.test(rules.file) || !/\.csv$/i.test(file.name)) return [];
  const text = decode(head, file.size > HEAD);
  if (text === null) return [words.utf8];
  return checkTable(text, file.size > HEAD, rules.table, words);
}

function decode(bytes, cut) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: cut });
  } catch {
    return null;
  }
}

export function checkTable(text, cut, table, words) {
  const rows = readRows(text);
  if (cut) rows.pop(); // its end may lie beyond what was read
  const header = rows.shift()?.cells.map((cell) => cell.trim()) ?? [];
  const names = Object.keys(table);
  const missing = names.filter((name) => !header.includes(name));
  const extra = header.filter((name) => !names.includes(name));
  if (missing.length + extra.length > 0) {
    return [
      ...missing.map((name) => fill(words.missing, { name })),
      ...extra.map((name) => fill(words.extra, { name, names: names.join(", ") })),
    ].slice(0, MOST);
  }
  const faults = [];
  for (const { line, cells } of rows) {
    if (cells.length === 1 && cells[0] === "") continue;
    if (cells.length !== header.length) faults.push(fill(words.width, { line, found: cells.length, wanted: header.length }));
    else header.forEach((name, at) => faults.push(...checkCell(cells[at].trim(), name, table[name], line, words)));
    if (faults.length >= MOST) break;
  }
  return faults.slice(0, MOST);
}

function checkCell(cell, name, column, line, words) {
  if (cell === "") return [];
  if (column.values && !column.values.includes(cell)) {
    return [fill(words.value, { line, name, cell: cell.slice(0, 40), values: column.values.slice(0, 12).join(", ") })];
  }
  const number = column.type === "number" || column.type === "integer";
  return number && !Number.isFinite(Number(cell)) ? [fill(words.number, { line, name, cell: cell.slice(0, 40) })] : [];
}

// RFC 4180: quotes around a cell, two of them for one inside it.
export function readRows(text) {
  const rows = [];
  let cells = [];
  let cell = "";
  let quoted = false;
  let line = 1;
  let began = 1;
  const end = () => {
    cells.push(cell);
    rows.push({ line: began, cells });
    cells = [];
    cell = "";
  };
  for (let at = 0; at < text.length && rows.length < ROWS; at += 1) {
    const mark = text[at];
    if (mark === "\n") line += 1;
    if (quoted) {
      if (mark !== '"') cell += mark;
      else if (text[at + 1] === '"') cell += text[(at += 1)];
      else quoted = false;
    } else if (mark === '"' && cell === "") quoted = true;
    else if (mark === ",") {
      cells.push(cell);
      cell = "";
    } else if (mark === "\n") {
      end();
      began = line;
    } else if (mark !== "\r") cell += mark;
  }
  if (rows.length < ROWS && (cell !== "" || cells.length > 0)) end();
  return rows;
}

function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (_whole, name) => values[name]);
}
