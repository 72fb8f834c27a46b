/** This broker's settings or its data do not fit the cluster it was pointed at. Trying again does not help. */
export class MisfitError extends Error {
  override readonly name = 'MisfitError';
}
