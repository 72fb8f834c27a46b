/** A fault that can be planted in the product's code. */
export interface Mutant {
  readonly breaks: string;
  plant(): void;
}

// biome-ignore lint/suspicious/noExplicitAny: a method of any class
type Method = (this: any, ...args: any[]) => any;

/** Puts another method in the place of one; it is given the original. */
export function replaceMethod(prototype: object, name: string, make: (original: Method) => Method): void {
  const original = Reflect.get(prototype, name) as Method | undefined;
  if (typeof original !== 'function') throw new Error(`${prototype.constructor.name} has no method ${name}: the fault cannot be planted`);
  Object.defineProperty(prototype, name, { configurable: true, writable: true, value: make(original) });
}

/** The same for a property that is computed. */
// biome-ignore lint/suspicious/noExplicitAny: a property of any class
export function replaceGetter(prototype: object, name: string, make: (original: Method) => (this: any) => unknown): void {
  const original = Object.getOwnPropertyDescriptor(prototype, name)?.get;
  if (original === undefined) throw new Error(`${prototype.constructor.name} does not compute ${name}: the fault cannot be planted`);
  Object.defineProperty(prototype, name, { configurable: true, get: make(original) });
}
