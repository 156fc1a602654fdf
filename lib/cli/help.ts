const GUARD = `Usage: behavior-guard --config FILE [options] -- COMMAND [ARGUMENT...]
       behavior-guard check FILE [--json]
       behavior-guard replay FILE... [options]
       behavior-guard bans list|add|remove --redis URL [options]
       behavior-guard demo burst|repetition

Runs a command as one event of an actor, if what the actor does is normal: what is suspicious is warned
of or delayed, what is not normal at all does not run.

  -c, --config FILE  what is normal: a TOML file
  --repeat N         run the command N times, each an event; 1 to 1000000, default 1
  --actor NAME       who runs it; default: the user's name
  --state FILE       remember events from run to run, of all who use the same file
  --json             say each decision on stderr, as one line of JSON
  -h, --help         show this, or the help of a command (behavior-guard check --help)
  -V, --version      show the version

The action is the command's name, the target its arguments. Exit codes:
  0-255  the command's own; 128+n if signal n ended it
  2      blocked: the command did not run
  64     the command line is wrong
  74     the state can't be read or written: the command did not run
  78     the configuration is wrong: the command did not run
  126    the command can't be executed
  127    there is no such command`;

const CHECK = `Usage: behavior-guard check FILE [--json]

Checks a configuration file. Prints every problem with its line, or what is in force, defaults included.

  --json   as JSON: { file, valid, config } or { file, valid, problems }

Exit codes: 0 valid, 1 problems, 64 the command line is wrong.`;

const BANS = `Usage: behavior-guard bans list --redis URL [--prefix PREFIX] [--json]
       behavior-guard bans add ACTOR --redis URL [--duration TIME] [--reason TEXT] [--route ROUTE]
       behavior-guard bans remove ACTOR --redis URL [--route ROUTE]

Shows and changes the bans that applications share through Redis. They take effect within milliseconds.
An actor is an address (203.0.113.7), or the name that the application gives it (user:42).

  --redis URL      redis://[user:password@]host[:port][/database]; default: REDIS_URL of the environment
  --prefix PREFIX  as given to RedisStorage; default behavior-guard
  --duration TIME  30s, 15m, 1h, 7d, seconds, or permanent; default 1h
  --reason TEXT    default 'by hand'
  --route ROUTE    a ban from this route alone, such as ShopController.buy
  --json           as JSON

Exit codes: 0 done, 1 failed or there was no such ban, 64 the command line is wrong.`;

const DEMO = `Usage: behavior-guard demo burst|repetition [--json]

Shows how eight events of one actor within a minute are judged: burst with burst_max_events = 3 and
different targets, repetition with repetition_max_count = 3 and one target.

Exit codes: 0, or 64 if the command line is wrong.`;

/** What `--help` shows; `guard` is the program itself. `replay` has its own. */
export const HELP = { guard: GUARD, check: CHECK, bans: BANS, demo: DEMO } as const;

export type HelpTopic = keyof typeof HELP;
