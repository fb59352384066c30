/** Objects and arrays in documents nest up to eight deep. */
export const maxDepth = 64;

/** An index of 20,000 images has as many. What is made of a value takes far more time and memory than its three bytes. */
export const maxValues = 200_000;

// More than these help nobody, and a hostile document could hold a million.
export const maxFindings = 100;
