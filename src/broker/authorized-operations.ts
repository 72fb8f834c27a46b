/** Kafka's AclOperation codes, as bits of the "authorized operations" fields. */
const bit = {
  read: 1 << 3,
  write: 1 << 4,
  create: 1 << 5,
  delete: 1 << 6,
  alter: 1 << 7,
  describe: 1 << 8,
  clusterAction: 1 << 9,
  describeConfigs: 1 << 10,
  alterConfigs: 1 << 11,
  idempotentWrite: 1 << 12,
};

/** The client did not ask. */
export const noOperations = -2147483648;
export const topicOperations =
  bit.read | bit.write | bit.create | bit.delete | bit.alter | bit.describe | bit.describeConfigs | bit.alterConfigs;
export const clusterOperations =
  bit.create | bit.alter | bit.describe | bit.clusterAction | bit.describeConfigs | bit.alterConfigs | bit.idempotentWrite;
export const groupOperations = bit.read | bit.delete | bit.describe | bit.describeConfigs | bit.alterConfigs;
