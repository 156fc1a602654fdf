/** What kind of automated client a user agent names. `other`: automated, and none of the rest. */
export const BOT_CATEGORIES = [
  'search-engine',
  'ai-crawler',
  'monitoring',
  'preview',
  'tool',
  'scanner',
  'other',
] as const;
export type BotCategory = (typeof BOT_CATEGORIES)[number];

/** An operator of crawlers, and how its claim can be checked. */
export interface AgentEntry {
  /** Name as used by address ranges in the configuration. */
  readonly operator: string;
  readonly category: BotCategory;
  /** Compared with the user agent, regardless of case. No repetition without bound. */
  readonly pattern: RegExp;
  /** Ends of the host names that its addresses resolve to; without any, only address ranges can verify it. */
  readonly domains?: readonly string[];
}

const SEARCH = 'search-engine';

/**
 * Known clients; the first that matches counts, so what is narrower comes first. Host names are those that the operators
 * publish for verification by forward-confirmed reverse DNS.
 */
export const AGENT_TABLE: readonly AgentEntry[] = [
  {
    operator: 'scanner',
    category: 'scanner',
    pattern:
      /nikto|sqlmap|nessus|nmap|masscan|zgrab|nuclei|acunetix|netsparker|wpscan|dirbuster|gobuster|feroxbuster|ffuf|wfuzz|openvas|qualys|arachni|w3af|havij|zmeu|morfeus|jorgee|muieblackcat|\bhydra\b|metasploit|whatweb|joomscan|commix|fuzz faster|internet-measurement|censysinspect|expanse, a palo|netsystemsresearch|paros|burpcollaborator|webinspect|appscan|\(\) ?\{|\$\{jndi|<script|<\?php|union[ +]select|\/etc\/passwd|\/bin\/(?:ba)?sh/i,
  },
  {
    operator: 'google',
    category: 'preview',
    pattern:
      /google favicon|google web preview|googleweblight|feedfetcher-google|google appsviewer|developers\.google\.com\/\+\/web\/snippet|google-read-aloud|google-pagerenderer/i,
    domains: ['.google.com', '.googlebot.com', '.googleusercontent.com'],
  },
  {
    operator: 'google-ai',
    category: 'ai-crawler',
    pattern: /google-extended|google-cloudvertexbot|google-notebooklm|gemini-deep-research/i,
    domains: ['.google.com', '.googlebot.com', '.googleusercontent.com'],
  },
  {
    operator: 'google',
    category: SEARCH,
    pattern:
      /googlebot|google-site-verification|google-inspectiontool|googleother|adsbot-google|mediapartners-google|apis-google|storebot-google|google-safety|google-structured-data/i,
    domains: ['.google.com', '.googlebot.com'],
  },
  {
    operator: 'bing',
    category: 'preview',
    pattern: /bingpreview|skypeuripreview/i,
    domains: ['.search.msn.com'],
  },
  {
    operator: 'bing',
    category: SEARCH,
    pattern: /bingbot|msnbot|adidxbot|microsoftpreview/i,
    domains: ['.search.msn.com'],
  },
  {
    operator: 'baidu',
    category: SEARCH,
    pattern: /baiduspider|baidu\.com\/search/i,
    domains: ['.baidu.com', '.baidu.jp'],
  },
  {
    operator: 'yandex',
    category: SEARCH,
    pattern:
      /yandex(?:bot|images|mobilebot|video|media|blogs|news|metrika|webmaster|accessibilitybot|render)|yandex\.com\/bots/i,
    domains: ['.yandex.ru', '.yandex.net', '.yandex.com'],
  },
  { operator: 'yahoo', category: 'preview', pattern: /yahoo link preview|yahoomailproxy/i },
  { operator: 'yahoo', category: SEARCH, pattern: /yahoo! slurp/i, domains: ['.crawl.yahoo.net'] },
  {
    operator: 'apple-ai',
    category: 'ai-crawler',
    pattern: /applebot-extended/i,
    domains: ['.applebot.apple.com'],
  },
  { operator: 'apple', category: SEARCH, pattern: /applebot/i, domains: ['.applebot.apple.com'] },
  { operator: 'duckduckgo', category: SEARCH, pattern: /duckduckbot|duckduckgo-favicons/i },
  { operator: 'seznam', category: SEARCH, pattern: /seznambot/i, domains: ['.seznam.cz'] },
  { operator: 'naver', category: SEARCH, pattern: /\byeti\/|naverbot/i, domains: ['.naver.com'] },
  { operator: 'sogou', category: SEARCH, pattern: /sogou (?:web|inst|pic|news)/i, domains: ['.sogou.com'] },
  {
    operator: 'petal',
    category: SEARCH,
    pattern: /petalbot/i,
    domains: ['.petalsearch.com', '.aspiegel.com'],
  },
  { operator: 'qwant', category: SEARCH, pattern: /qwantify|qwantbot/i, domains: ['.qwant.com'] },
  { operator: 'mojeek', category: SEARCH, pattern: /mojeekbot/i, domains: ['.mojeek.com'] },
  {
    operator: 'internet-archive',
    category: SEARCH,
    pattern: /archive\.org_bot|ia_archiver|heritrix/i,
    domains: ['.archive.org'],
  },
  {
    operator: 'ai',
    category: 'ai-crawler',
    pattern:
      /gptbot|chatgpt|oai-searchbot|openai|claudebot|claude-(?:web|user|searchbot)|anthropic|perplexity|ccbot|bytespider|cohere|diffbot|meta-external(?:agent|fetcher)|amazonbot|omgili|youbot|timpibot|imagesiftbot|ai2bot|mistralai|duckassistbot|kagibot|pangubot|deepseek|xai-grok|grokbot|firecrawl/i,
  },
  {
    operator: 'facebook',
    category: 'preview',
    pattern: /facebookexternalhit|facebookcatalog|facebot|visionutils\/|whatsapp\//i,
  },
  {
    operator: 'preview',
    category: 'preview',
    pattern:
      /twitterbot|linkedinbot|slackbot|slack-imgproxy|telegrambot|discordbot|pinterestbot|pinterest\/0|redditbot|embedly|flipboardproxy|skypeuri|viberbot|vkshare|mastodon|bitlybot|iframely|quora link|tumblr\/|snap url preview|line-poker|kakaotalk-scrap|outbrain|nuzzel|bluesky/i,
  },
  {
    operator: 'monitoring',
    category: 'monitoring',
    pattern:
      /uptimerobot|pingdom|statuscake|site24x7|newrelicpinger|datadog|nagios|zabbix|check_http|kube-probe|elb-healthchecker|googlehc|googlestackdriver|amazon-route53|better ?(?:stack|uptime)|hetrixtools|freshping|updown\.io|montastic|nodeping|monitis|uptime-kuma|alertsite|gomez|ghost inspector|checkly|catchpoint|dotcom-monitor|cron-job\.org/i,
  },
  {
    operator: 'tool',
    category: 'tool',
    pattern:
      /^(?:curl|wget|python|java|ruby|perl|php|go[ -]|go-http|okhttp|axios|node|got\b|undici|libwww|lwp|httpie|http_|httpclient|apache|guzzle|postman|insomnia|aria2|mechanize|scrapy|dart|rest-client|restsharp|reqwest|urllib|unirest|faraday|typhoeus|aiohttp|httpx|fetch|jakarta|winhttp|powershell|colly|tornado|pycurl)|python-|libcurl|java\/1|headlesschrome|phantomjs|puppeteer|playwright|selenium|electron\/.{0,20}headless|slimerjs|cypress|webdriver|httpclient|winhttprequest|scrapy|httrack|webcopier|teleport|offline explorer|http_request2|pycurl|zend_http|synapse\)/i,
  },
];
