/**
 * `io.weight` goes from 1 to 10000, bfq's from 1 to 1000, and both begin with 100: up to there they are the same, beyond it a
 * straight line leads to the ends. What systemd does with IOWeight=.
 * https://github.com/systemd/systemd/blob/main/src/basic/cgroup-util.h (BFQ_WEIGHT)
 */
export function bfqOf(weight: number): number {
  return weight <= DEFAULT
    ? weight
    : DEFAULT + Math.floor(((weight - DEFAULT) * (1_000 - DEFAULT)) / (10_000 - DEFAULT));
}

/**
 * What runc and crun write into `io.weight` for an OCI weight, 10 to 1000, where there is no bfq: a straight line to 1 to
 * 10000. Below 10, which OCI does not know, it is 1.
 * https://github.com/opencontainers/cgroups/blob/main/utils.go (ConvertBlkIOToIOWeightValue)
 */
export function weightOfBfq(weight: number): number {
  return weight <= 10 ? 1 : 1 + Math.floor(((weight - 10) * 9_999) / 990);
}

/** `blkio.weight` of Linux before 5.0: 10 to 1000, and it begins with 500. */
export function cfqOf(weight: number): number {
  return Math.min(1_000, Math.max(10, Math.floor((weight * 500) / DEFAULT)));
}

const DEFAULT = 100;
