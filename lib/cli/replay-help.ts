/** What `behavior-guard replay --help` says. */
export const REPLAY_HELP = `Usage: behavior-guard replay FILE... --config guard.toml [options]

Runs access logs through rules, risk and bots, in the time of the logs, and reports what would have
happened: who would have been delayed, throttled, blocked or banned, when and why, and which
thresholds would suit what clients really do.

FILE is a log in the common or the combined format (Apache, nginx), or with one JSON object a line;
plain or compressed by gzip; - is the standard input. Several are read in the order given: oldest
first. Lines that can't be parsed are counted, and the first ones shown.

Options:
  -c, --config FILE     the configuration; risk takes part if it has a table [guard] (or is empty),
                        bots if it has a table [bots]
      --fields MAP      names in JSON lines, such as time=ts,address=ip,method=method,path=req.url,
                        status=status,userAgent=ua,referer=ref
                        (default: time, ip, method, path, status, userAgent, referer)
      --windows LIST    windows for which thresholds are suggested (default: 1m,5m,1h)
      --labels FILE     JSON, {"203.0.113.7": "label"}, may be gzipped: adds a table of what happened
                        to the addresses of each label
      --top N           clients and routes in the text (default: 20)
      --json            write the whole report as JSON
      --html FILE       write a page with plots that needs nothing else
      --blocklist FILE  write the addresses that would have been throttled, challenged, blocked or
                        banned, one per line
  -h, --help            show this

Exit codes:
  0   the report is written
  1   a log could not be read to its end, the configuration is not valid, or a file not written
  64  the command line is wrong

NO_COLOR turns off bold headings; a progress bar is shown if the standard error is a terminal.
`;
