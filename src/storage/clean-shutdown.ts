import { type Disk, DiskError } from '#platform';

const fileName = '.kafka_cleanshutdown';

/** What a clean shutdown left behind. */
export interface CleanShutdown {
  /** The epoch the broker was registered with (KIP-966), or -1n when the file does not say. */
  brokerEpoch: bigint;
}

/**
 * Takes the marker of a clean shutdown away and says what it held; undefined after an unclean one. When the promise resolves the marker
 * is gone for good, so that a crash from here on counts as unclean.
 */
export async function takeCleanShutdownMarker(disk: Disk, directory: string): Promise<CleanShutdown | undefined> {
  const path = `${directory}/${fileName}`;
  let bytes: Buffer;
  try {
    bytes = disk.readFile(path);
  } catch (error) {
    if (error instanceof DiskError && error.code === 'ENOENT') return undefined;
    throw error;
  }
  disk.remove(path);
  await disk.syncDirectory(directory);
  return { brokerEpoch: parseBrokerEpoch(bytes.toString('utf8')) };
}

/** Says that everything in the directory is on disk. To be called last, after every sync. */
export async function writeCleanShutdownMarker(disk: Disk, directory: string, brokerEpoch: bigint): Promise<void> {
  const content = `{"version":0,"brokerEpoch":${brokerEpoch}}`;
  await disk.replace(`${directory}/${fileName}`, Buffer.from(content));
}

function parseBrokerEpoch(text: string): bigint {
  try {
    const { brokerEpoch: epoch } = JSON.parse(text) as { brokerEpoch?: string | number };
    return epoch === undefined ? -1n : BigInt(epoch);
  } catch {
    return -1n;
  }
}
