/** Paths that scanners ask every site for, by kind. All in lower case; `PathClassifier` says how they are compared. */

const CONTENT_MANAGERS = words(`
  wp-login.php wp-admin wp-content wp-includes wp-config.php wp-cron.php wp-json wlwmanifest.xml xmlrpc.php
  fckeditor ckfinder kcfinder elfinder uploadify uploadify.php sites/default index.php/admin
  downloader/index.php skin/adminhtml js/mage
`);

const CONFIGURATION = words(`
  .git .gitignore .gitlab-ci.yml .svn .hg .bzr .aws .ssh .docker .dockerenv .kube .npmrc .vscode .idea
  .ds_store .htaccess .htpasswd .bash_history .bashrc .mysql_history .ftpconfig .passwd .config
  sftp-config.json id_rsa web.config database.yml credentials.json secrets.yml docker-compose.yml config.php
  configuration.php settings.php config.json.bak phpinfo phpinfo.php info.php composer.lock appsettings.json
`);

const ADMIN_PANELS = words(`
  admin.php admin.asp admin.cgi adminer.php pma myadmin mysqladmin dbadmin sqladmin phppgadmin webadmin
  manager/html host-manager jmx-console web-console admin-console axis2 jolokia server-status server-info
  _profiler _ignition horizon/api debug/default console/login admin/login.php admin/index.php admin/config.php
  user/register ghost/api/admin
`);

const SHELLS_AND_EXPLOITS = words(`
  shell.php cmd.php c99.php r57.php wso.php alfa.php b374k.php sys.php up.php upload.php eval-stdin.php
  struts2-showcase cgi-bin setup.php install.php azenv.php hnap1 gponform boaform tmunblock.cgi
  currentsetting.htm setup.cgi goform device.rsp owa ecp autodiscover dana-na remote/fgt_lang remote/login
  +cscoe+ +cscot+ tmui vpns global-protect sslvpn remote_agent.php wsman proc/self fgt_lang muieblackcat
`);

const BACKUPS = words(`
  backup.sql dump.sql database.sql db.sql mysql.sql www.zip www.rar site.zip backup.zip backup.tar.gz
  wwwroot.zip wwwroot.rar
`);

/** Names of products that are also words: at the beginning of a path only, where no page about them is. */
export const PROBED_FIRST_SEGMENTS: ReadonlySet<string> = new Set(
  words(`
  shell telescope jenkins hudson druid nacos solr joomla drupal magento typo3 bitrix actuator invoker
  administrator phpunit thinkphp xampp cpanel plesk webmin whm adminer
`),
);

const LISTS = [CONTENT_MANAGERS, CONFIGURATION, ADMIN_PANELS, SHELLS_AND_EXPLOITS, BACKUPS].flat();

/** Whole segments. */
export const PROBED_SEGMENTS: readonly string[] = LISTS.filter((entry) => !entry.includes('/'));

/** Several segments in a row. */
export const PROBED_SEQUENCES: readonly string[] = LISTS.filter((entry) => entry.includes('/'));

/** Beginnings of a segment. */
export const PROBED_BEGINNINGS: readonly string[] = [
  'phpmyadmin',
  'php-my-admin',
  'wp-config',
  'w00tw00t',
  '.env',
];

/** Ends of a path: copies of sources and data, private keys, shells. */
export const PROBED_ENDS =
  /(?:\.(?:bak|old|orig|save|swp|sql|sql\.gz|pem|key|pfx|env|mdb|sqlite|php~)|[^/]{0,64}shell\.php)$/;

/** What other servers run; an application of this kind serves none of it. */
export const SCRIPT_SUFFIXES =
  /\.(?:php\d?|phtml|asp|aspx|ashx|asmx|jsp|jspx|cgi|cfm|pl|dll|exe|action|do)(?:\/|$)/;

/** Whole segments that people may try, too. */
export const GUESSED_SEGMENTS: ReadonlySet<string> = new Set(
  words(`
  admin admins backup backups bak old temp tmp test dev staging debug console wordpress wp blog cms config db
  database sql mysql dump install setup upload uploads phpbb forum bbs portal manager user panel private secret
  graphiql readme.txt readme.html license.txt changelog.txt passwd sdk
`),
);

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
