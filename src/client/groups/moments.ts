/** Milliseconds since 1970 of an ISO date and time; without a zone it is UTC, as Kafka's tools have it. Undefined for anything else. */
export function parseDatetime(text: string): number | undefined {
  const [, moment, zone] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d(?::?\d\d)?)?$/.exec(text) ?? [];
  const time = moment === undefined ? Number.NaN : Date.parse(moment + zoneAsIso(zone));
  return Number.isNaN(time) ? undefined : time;
}

function zoneAsIso(zone: string | undefined): string {
  if (zone === undefined || zone === 'Z') return 'Z';
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  return `${zone[0]}${digits.slice(0, 2)}:${digits.slice(2)}`;
}

const partMs = [86_400_000, 3_600_000, 60_000, 1_000] as const;

/** Milliseconds of PnDTnHnMnS, as in P1D or PT90S. Undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = /^P(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,3})?)S)?)?$/i.exec(text);
  const parts = match?.slice(1) ?? [];
  if (parts.every((part) => part === undefined)) return undefined;
  return Math.round(parts.reduce((sum, part, index) => sum + Number(part ?? 0) * partMs[index]!, 0));
}
