import type { Disk, Random } from '#platform';
import { checkMetaProperties, type MetaProperties, readMetaProperties, writeMetaProperties } from '#storage';

/** Whose a data directory is, as `meta.properties` says: of which broker, and, once there is one, of which cluster. */
export class Identity {
  readonly directoryId: string;
  readonly #disk: Disk;
  readonly #directory: string;
  #properties: MetaProperties;

  private constructor(disk: Disk, directory: string, properties: MetaProperties) {
    this.#disk = disk;
    this.#directory = directory;
    this.#properties = properties;
    this.directoryId = properties.directoryId!;
  }

  /**
   * Refuses a directory of another broker. Writes nothing, takes no lock.
   * @throws LogDirectoryError naming both ids
   */
  static check(disk: Disk, directory: string, nodeId: number): void {
    const found = readMetaProperties(disk, directory);
    if (found !== undefined) checkMetaProperties(directory, found, { nodeId });
  }

  /** Reads the identity, or makes one; durable when the promise resolves. The caller holds the directory's lock. */
  static async load(disk: Disk, directory: string, nodeId: number, random: Random): Promise<Identity> {
    const found = readMetaProperties(disk, directory);
    if (found?.directoryId !== undefined) return new Identity(disk, directory, found);
    const properties = { clusterId: found?.clusterId, nodeId, directoryId: random.uuid() };
    await writeMetaProperties(disk, directory, properties);
    return new Identity(disk, directory, properties);
  }

  /** Undefined until the broker has founded or joined a cluster. */
  get clusterId(): string | undefined {
    return this.#properties.clusterId;
  }

  /** Binds the directory to a cluster, durably and for good. @throws LogDirectoryError when it belongs to another */
  async joinCluster(clusterId: string): Promise<void> {
    if (clusterId === this.#properties.clusterId) return;
    checkMetaProperties(this.#directory, this.#properties, { clusterId });
    const properties = { ...this.#properties, clusterId };
    await writeMetaProperties(this.#disk, this.#directory, properties);
    this.#properties = properties;
  }
}
