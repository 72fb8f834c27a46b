/** Node's JSON can put text into its output as it is; its types do not say so yet. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** JSON text in which 64-bit numbers keep all their digits. */
export function exactJson(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? rawJSON(String(each)) : each));
}
