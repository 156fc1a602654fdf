/** Adds events to a state file as fast as it can, as many runs of the command line would, or a given number of them. */
import { SystemClock } from '../../build/clock/clock.js';
import { StateFile } from '../../build/cli/state-file.js';

const [path, actor, count = 'Infinity'] = process.argv.slice(2);
const clock = new SystemClock();
const file = new StateFile(path, { clock, onDamage: (message) => console.log(message) });
console.log('ready');
for (let added = 0; added < Number(count); added++) {
  await file.change((state) => {
    const events = [...(state.get(actor) ?? []), [clock.now(), 'action', String(added)]];
    return { state: new Map([...state, [actor, events.slice(-255)]]), result: undefined };
  });
}
