/** The id that means "none": sixteen zero bytes. */
export const zeroUuid = 'AAAAAAAAAAAAAAAAAAAAAA';
/** Characters of an id's text. */
export const uuidTextLength = 22;
