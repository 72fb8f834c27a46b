/** Turns a JSON log line into one for people: time of day, level, message, then the fields as key=value. Ends with a line feed. */
export function humanLine(json: string): string {
  const { time, level, message, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const parts = [timeOfDay(time), String(level).toUpperCase().padEnd(5), plain(String(message ?? ''))];
  for (const [key, value] of Object.entries(fields)) parts.push(`${key}=${fieldText(value)}`);
  return `${parts.join(' ')}\n`;
}

/** hh:mm:ss.mmm of the local time. */
function timeOfDay(time: unknown): string {
  const at = new Date(String(time));
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

function fieldText(value: unknown): string {
  if (isError(value)) return quoted(value.code === undefined ? value.message : `${value.message} [${value.code}]`);
  return typeof value === 'string' ? quoted(value) : JSON.stringify(value);
}

function isError(value: unknown): value is { type: string; message: string; stack: string; code?: string } {
  return typeof value === 'object' && value !== null && 'stack' in value && 'message' in value;
}

/** Quotes what would blur with its neighbours. */
function quoted(text: string): string {
  return /^[^\s"=\p{Cc}]+$/u.test(text) ? text : JSON.stringify(text).replace(controls, escaped);
}

/** Log lines show text that strangers chose: no line feeds or terminal sequences get through. */
function plain(text: string): string {
  return text.replace(controls, escaped);
}

const controls = /\p{Cc}/gu;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
