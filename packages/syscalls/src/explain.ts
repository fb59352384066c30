/** The program as a person would read it. */
import { decodeCall, decodePlace, decodeValue, type Names } from './decode.ts';
import { Fd } from './fd.ts';
import { type Arg, type Call, isProgram, type Load, type Out, type Program, type Step } from './program.ts';

/**
 * One line a call, under the labels of the parts it belongs to: flags by name, structures decoded, what is tolerated.
 * A result that is used later has a number, and memory that is used more than once a letter. Runs nothing and works on
 * every platform.
 *
 *     # mount proc on /proc
 *       $1 = fsopen("proc", FSOPEN_CLOEXEC)
 *       fsconfig($1, FSCONFIG_CMD_CREATE, NULL, NULL, 0)
 */
export function explain(program: Program): string {
  const lines = [...flatten(program, { indent: '', note: '' }, new Set())];
  const names = nameThings(lines.map(({ step }) => step));
  return lines.map(({ step, indent, note }) => indent + describe(step, names) + note).join('\n');
}

interface Place {
  readonly indent: string;
  /** What the part around tolerates. */
  readonly note: string;
}
interface Line extends Place {
  readonly step: Step;
}

function* flatten(program: Program, place: Place, loaded: Set<Load>): Generator<Line> {
  for (const part of program) {
    if (isProgram(part)) {
      yield* flatten(part, place, loaded);
      continue;
    }
    // A load that is only an argument happens just before the call.
    for (const used of usedBy(part)) if ('load' in used && !loaded.has(used as Load)) yield* once(used as Load, place);
    if ('load' in part) yield* once(part, place);
    else if ('try' in part) yield* flatten(part.try, { ...place, note: tolerated(part.unless) }, loaded);
    else yield { step: part, indent: place.indent, note: 'name' in part ? place.note : '' };
    if ('part' in part) yield* flatten(part.part, { ...place, indent: `${place.indent}  ` }, loaded);
    if ('fork' in part) yield* flatten(part.fork, { indent: `${place.indent}  `, note: '' }, loaded);
  }

  function* once(load: Load, { indent }: Place): Generator<Line> {
    loaded.add(load);
    yield { step: load, indent, note: '' };
  }
}

function tolerated(codes: readonly string[]): string {
  return `  # unless ${codes.map((code) => (code === '*' ? 'it fails' : code)).join(', ')}`;
}

function describe(step: Step, names: Names): string {
  if ('load' in step)
    return `${result(step, names)}${step.size} bytes of ${decodePlace(step.load.at, step.load.offset, names)}`;
  if ('fork' in step)
    return `${result(step, names)}clone3()${kinds(step.clone)}  # ${step.label ?? 'a second process'}:`;
  if ('name' in step) return result(step, names) + decodeCall(step, names);
  if ('patch' in step) {
    const { patch, value, size } = step;
    return `${size} bytes of ${decodePlace(patch.at, patch.offset, names)} = ${decodeValue(value, names)}`;
  }
  if ('pause' in step)
    return `wait for the parent: ${step.pause}${step.answer === undefined ? '' : `, answer in ${decodePlace(step.answer, 0, names)}`}`;
  if ('continueInChild' in step)
    return `clone3(CLONE_PARENT)${kinds(step.continueInChild)}; the rest happens in the child`;
  if ('beginInCgroup' in step) return `the next process begins in the cgroup ${decodeValue(step.beginInCgroup, names)}`;
  if ('closeDescriptors' in step) return 'close all descriptors but 0, 1 and 2';
  if ('part' in step) return `# ${step.label}`;
  if ('fail' in step) return `fail with ${step.fail}: ${step.message}`;
  throw new TypeError(`not a step: ${JSON.stringify(step)}`);
}

function result(call: Call, names: Names): string {
  const name = names.of(call);
  return name === undefined ? '' : `${name} = `;
}

function kinds(clone: readonly string[]): string {
  return clone.length === 0 ? '' : ` in new namespaces: ${clone.join(', ')}`;
}

/** Numbers for results in the order in which they come about, letters for memory in the order of its first use. */
function nameThings(steps: readonly Step[]): Names {
  const used = new Set(steps.flatMap(usedBy));
  const uses = new Map<Out, number>();
  for (const memory of steps.flatMap(memoryOf)) uses.set(memory, (uses.get(memory) ?? 0) + 1);
  const shared = [...uses].filter(([, count]) => count > 1).map(([memory]) => memory);
  const names = new Map<Call | Out, string>(
    shared.map((memory, index) => [memory, `&${letters(index)}[${memory.out}]`]),
  );
  let results = 0;
  for (const step of steps) {
    if (!('name' in step) || !used.has(step) || names.has(step)) continue;
    results += 1;
    names.set(step, `$${results}`);
  }
  return { of: (thing) => names.get(thing) };
}

function letters(index: number): string {
  const letter = String.fromCharCode(97 + (index % 26));
  return index < 26 ? letter : letters(Math.floor(index / 26) - 1) + letter;
}

/** The calls whose results a step is given. */
function usedBy(step: Step): Call[] {
  return argumentsOf(step).filter((arg) => isObject(arg) && 'name' in arg) as Call[];
}

function memoryOf(step: Step): Out[] {
  const places = 'load' in step ? [step.load] : 'patch' in step ? [step.patch] : [];
  const answer = 'pause' in step && step.answer !== undefined ? [step.answer] : [];
  const given = argumentsOf(step).flatMap((arg) => {
    if (!isObject(arg)) return [];
    return 'out' in arg ? [arg] : 'at' in arg ? [arg.at] : [];
  });
  return [...places.map((place) => place.at), ...answer, ...given];
}

/** Those of a call, those inside its structures too. */
function argumentsOf(step: Step): Arg[] {
  if ('beginInCgroup' in step) return [step.beginInCgroup];
  const args: readonly Arg[] = 'name' in step ? step.args : 'patch' in step ? [step.value] : [];
  const inside = (arg: Arg): Arg[] => (isObject(arg) && 'words' in arg ? arg.words.flatMap(inside) : [arg]);
  return args.flatMap(inside);
}

function isObject(arg: Arg): arg is Exclude<Arg, number | bigint | string | Uint8Array | Fd | undefined> {
  return typeof arg === 'object' && !(arg instanceof Uint8Array) && !(arg instanceof Fd);
}
