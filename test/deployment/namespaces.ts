import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Program } from '#cli/testing.ts';
import { type Ended, run, succeed } from '../support/processes.ts';
import { type Image, mountOver, nodeUser, unmount } from './dockerfile.ts';

/** A machine of its own on the wire: an address, and the names of all others. */
interface Member {
  readonly name: string;
  readonly namespace: string;
  readonly address: string;
  /** This end of its wire, on the bridge. */
  readonly wire: string;
}

/** Network namespaces on one bridge, as the containers of one Compose network are. The administrator may make them, and {@link close} removes them. */
export class Wire {
  readonly #tag = `k${process.pid % 100_000}`;
  readonly #bridge = `${this.#tag}b`;
  readonly #members = new Map<string, Member>();
  readonly #containers: Container[] = [];
  readonly #folder: string;
  readonly #network: string;

  private constructor(folder: string, network: string) {
    this.#folder = folder;
    this.#network = network;
  }

  /** @param network the first three numbers of the addresses; the last is 1 for the first of the names, and so on */
  static async lay(names: readonly string[], folder: string, network = '10.213.77'): Promise<Wire> {
    const wire = new Wire(folder, network);
    await ip('link', 'add', wire.#bridge, 'type', 'bridge');
    await ip('link', 'set', wire.#bridge, 'up');
    try {
      for (const [index, name] of names.entries()) await wire.#connect(name, index + 1);
      const hosts = wire.#hosts();
      for (const { namespace } of wire.#members.values()) {
        mkdirSync(join('/etc/netns', namespace), { recursive: true });
        writeFileSync(join('/etc/netns', namespace, 'hosts'), hosts);
      }
      return wire;
    } catch (error) {
      await wire.close();
      throw error;
    }
  }

  async #connect(name: string, number: number): Promise<void> {
    const namespace = `${this.#tag}-${name}`;
    const [outer, inner] = [`${this.#tag}o${number}`, `${this.#tag}i${number}`];
    const address = `${this.#network}.${number}`;
    this.#members.set(name, { name, namespace, address, wire: outer });
    await ip('netns', 'add', namespace);
    await ip('link', 'add', outer, 'type', 'veth', 'peer', 'name', inner);
    await ip('link', 'set', inner, 'netns', namespace);
    await ip('link', 'set', outer, 'master', this.#bridge, 'up');
    await ip('-n', namespace, 'link', 'set', 'lo', 'up');
    await ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', inner);
    await ip('-n', namespace, 'link', 'set', inner, 'up');
  }

  #hosts(): string {
    const lines = [...this.#members.values()].map(({ name, address }) => `${address} ${name}`);
    return `${['127.0.0.1 localhost', '::1 localhost', ...lines].join('\n')}\n`;
  }

  address(name: string): string {
    return this.#members.get(name)!.address;
  }

  /** Pulls the plug: what is sent to it and by it is lost, and nobody is told. */
  async cut(name: string): Promise<void> {
    await ip('link', 'set', this.#members.get(name)!.wire, 'nomaster');
  }

  async mend(name: string): Promise<void> {
    await ip('link', 'set', this.#members.get(name)!.wire, 'master', this.#bridge);
  }

  /** Runs a program of this machine there. */
  run(name: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
    const options = { timeoutMs: 120_000, env };
    return run('ip', ['netns', 'exec', this.#members.get(name)!.namespace, command, ...args], options);
  }

  /** Starts one there that runs until {@link close}, if not ended before. */
  start(name: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
    const program = new Program('ip', ['netns', 'exec', this.#members.get(name)!.namespace, command, ...args], { env });
    this.#programs.push(program);
    return program;
  }

  readonly #programs: Program[] = [];

  /** Starts a container of an image there, as a container engine would: its files, user, environment, entry point. */
  async container(name: string, image: Image, environment: Readonly<Record<string, string>>): Promise<Container> {
    const folder = join(this.#folder, `container-${this.#containers.length}`);
    // Of files that nobody writes to a second name is as good as a copy.
    mkdirSync(folder, { recursive: true });
    await succeed('cp', ['-al', image.layer, join(folder, 'upper')]);
    const merged = await mountOver(folder);
    writeFileSync(join(folder, 'upper', 'etc-hosts'), this.#hosts());
    await succeed('mount', ['--bind', join(folder, 'upper', 'etc-hosts'), join(merged, 'etc', 'hosts')]);
    const container = new Container({ folder, merged, namespace: this.#members.get(name)!.namespace, image, environment });
    this.#containers.push(container);
    return container;
  }

  async close(): Promise<void> {
    for (const program of this.#programs) program.signal('SIGKILL');
    for (const program of this.#programs) await program.ended;
    for (const container of this.#containers) await container.remove();
    for (const { namespace } of this.#members.values()) {
      await ip('netns', 'delete', namespace).catch(() => {});
      rmSync(join('/etc/netns', namespace), { recursive: true, force: true });
    }
    await ip('link', 'delete', this.#bridge).catch(() => {});
  }
}

interface ContainerOptions {
  readonly folder: string;
  readonly merged: string;
  readonly namespace: string;
  readonly image: Image;
  readonly environment: Readonly<Record<string, string>>;
}

/** A process of an image in its namespace; its files outlive it. */
export class Container {
  readonly #options: ContainerOptions;
  #program: Program | undefined;

  constructor(options: ContainerOptions) {
    this.#options = options;
    this.start();
  }

  get program(): Program {
    return this.#program!;
  }

  start(): void {
    const { image } = this.#options;
    const [command, ...args] = this.#within([...image.entrypoint, ...image.command]);
    this.#program = new Program(command!, args);
  }

  /** What HEALTHCHECK says, run once more in the container. */
  async isHealthy(): Promise<boolean> {
    const [command, ...args] = this.#within(this.#options.image.healthcheck);
    return (await run(command!, args)).code === 0;
  }

  /** Nothing of this machine's environment gets in, and the user is none that may do everything. */
  #within(words: readonly string[]): string[] {
    const { merged, namespace, image, environment } = this.#options;
    const user = image.user === 'node' ? `${nodeUser}:${nodeUser}` : image.user;
    const variables = Object.entries({ PATH: '/usr/local/bin:/usr/bin:/bin', ...image.environment, ...environment });
    const env = ['env', '-i', `--chdir=${image.directory}`, ...variables.map(([name, value]) => `${name}=${value}`)];
    return ['ip', 'netns', 'exec', namespace, 'chroot', `--userspec=${user}`, merged, ...env, ...words];
  }

  async remove(): Promise<void> {
    const { program } = this;
    program.signal('SIGKILL');
    await program.ended;
    await succeed('umount', ['--lazy', join(this.#options.merged, 'etc', 'hosts')]).catch(() => {});
    await unmount(this.#options.folder);
  }
}

function ip(...args: string[]): Promise<string> {
  return succeed('ip', args);
}
