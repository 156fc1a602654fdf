export function redisServer(): Promise<{
  readonly server: string;
  readonly cli?: string;
  readonly env: Readonly<Record<string, string>>;
}>;

export function endWithThisProcess(
  pid: number,
  folder: string,
): { release(): void; abandon(seconds: number): void };
