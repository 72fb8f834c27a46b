import type { Fault } from '../faults/fault.ts';
import type { Plan } from './plan.ts';

/** All that was drawn, in a few lines. */
export function describePlan(plan: Plan): string[] {
  const { topology, configuration, workload, faults, faultMs } = plan;
  const racks = topology.brokers.map(({ rack }) => rack ?? '-').join('');
  const properties = Object.entries(configuration.properties).map(([name, value]) => `${name}=${value}`);
  const kinds = [...new Set(faults.map(({ kind }) => kind))];
  return [
    `seed ${plan.seed}: ${topology.brokers.length} brokers (racks ${racks}), a sync takes ${configuration.syncMs} ms${plan.mayLose ? ', power cuts may lose records' : ''}`,
    `  ${properties.join(' ')}`,
    `  topics ${workload.topics.map(({ name, partitions, replicationFactor, configs }) => `${name} ${partitions}x${replicationFactor}${Object.entries(configs).map(([key, value]) => ` ${key}=${value}`)}`).join(', ')}`,
    `  clients ${workload.clients.map(({ name }) => name).join(' ')}; acts ${workload.acts.join(' ') || 'none'}`,
    `  ${(faultMs / 1000).toFixed(1)} s with ${faults.length} faults of ${kinds.join(' ') || 'no kind'}`,
  ];
}

/** The faults as a timeline. */
export function describeFaults(faults: readonly Fault[]): string[] {
  return faults.map((fault) => {
    const { atMs, kind, ...details } = fault;
    const words = Object.entries(details).map(([name, value]) => `${name} ${Array.isArray(value) ? `[${value}]` : value}`);
    return `${(atMs / 1000).toFixed(3).padStart(9)} s  ${kind}  ${words.join(', ')}`;
  });
}
