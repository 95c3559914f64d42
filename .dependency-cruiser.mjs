/** Import rules: what depends on what, as docs/guide/structure.md draws it. */

const tests = '(\\.test\\.ts|/testing\\.ts)$';

/** Only files below `only` may import packages or files that match `what`. */
const reserved = (name, what, only) => ({
  name,
  severity: 'error',
  from: { path: '^(src|bin)/', pathNot: `${only}|${tests}` },
  to: { path: what },
});

/** Files below `from` never import files below `to`. */
const never = (name, from, to, extra = {}) => ({
  name,
  severity: 'error',
  from: { path: from, ...extra },
  to: { path: to },
});

export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^../dist/' },
    },
    // bin → commands | jobs | api → app → contexts → stream, sheets → platform
    never('platform-is-lowest', '^src/platform/', '^src/(?!platform/)', { pathNot: tests }),
    never(
      'stream-and-sheets-on-platform',
      '^src/(stream|sheets)/',
      '^src/(?!platform/|stream/|sheets/)',
      { pathNot: tests },
    ),
    never('stream-and-sheets-apart', '^src/stream/', '^src/sheets/'),
    never('sheets-and-stream-apart', '^src/sheets/', '^src/stream/'),
    never('contexts-below-app', '^src/contexts/', '^src/(api|jobs|commands|cli|app|rules)', {
      pathNot: tests,
    }),
    never(
      'app-below-adapters',
      '^src/(app|mails|rules|(main|payments)-[a-z-]+)\\.ts$',
      '^src/(api|jobs|commands|cli)',
    ),
    never('api-apart', '^src/api/', '^src/(commands|jobs|cli)/', { pathNot: tests }),
    never('jobs-apart', '^src/jobs/', '^src/(commands|api|cli)/', { pathNot: tests }),
    {
      name: 'demo-stands-on-all',
      comment: 'The play uses app, api and jobs; only its command and its view know of it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(demo/|commands/demo\\.ts$|cli/demo-view\\.ts$)' },
      to: { path: '^src/demo/' },
    },
    never('demo-below-commands', '^src/demo/', '^src/(commands|cli)/'),
    {
      name: 'contexts-by-their-door',
      comment: 'A context is entered by its index.ts; jobs.ts and rules.ts are data beside it.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: `(^src/contexts/([^/]+)/|^src/(main|payments)-migrations\\.ts$|^src/payments-app\\.ts$|${tests})`,
      },
      to: { path: '^src/contexts/[^/]+/', pathNot: '^src/contexts/[^/]+/(index|jobs|rules)\\.ts$' },
    },
    {
      name: 'contexts-enter-each-other-by-known-edges',
      comment: 'Only orders → catalog and orders → matching, by index.ts.',
      severity: 'error',
      from: { path: '^src/contexts/([^/]+)/', pathNot: tests },
      to: {
        path: '^src/contexts/',
        pathNot: ['^src/contexts/$1/', '^src/contexts/(catalog|matching)/index\\.ts$'],
      },
    },
    never(
      'matching-and-catalog-enter-nobody',
      '^src/contexts/(catalog|matching)/',
      '^src/contexts/(orders|payments)/',
    ),
    never('catalog-matching-apart', '^src/contexts/catalog/', '^src/contexts/matching/'),
    never('matching-catalog-apart', '^src/contexts/matching/', '^src/contexts/catalog/'),
    {
      name: 'stream-by-its-door',
      severity: 'error',
      from: { path: '^src/(?!stream/|(main|payments)-migrations)', pathNot: tests },
      to: { path: '^src/stream/', pathNot: '^src/stream/(index|jobs)\\.ts$' },
    },
    {
      name: 'sheets-by-their-door',
      severity: 'error',
      from: { path: '^src/(?!sheets/)', pathNot: tests },
      to: { path: '^src/sheets/', pathNot: '^src/sheets/index\\.ts$' },
    },
    reserved(
      'sql-below',
      '^node_modules/(kysely|pg|pg-[^/]+)/',
      '^src/(contexts|stream|platform)/|^src/(payments-)?app\\.ts$',
    ),
    reserved(
      'bullmq-behind-queue',
      '^node_modules/(bullmq|ioredis)/',
      '^src/(platform/queue|jobs)/',
    ),
    reserved(
      'workbooks-in-sheets',
      '^node_modules/(yauzl|saxes|exceljs|read-excel-file)/',
      '^src/sheets/',
    ),
    reserved('oclif-in-cli', '^node_modules/@oclif/', '^src/(cli|commands)/|^bin/'),
    reserved('fastify-in-api', '^node_modules/(fastify|@fastify|@scalar)', '^src/api/'),
    reserved('mail-in-mail', '^node_modules/(nodemailer|@sendgrid)/', '^src/platform/mail/'),
    reserved('storage-in-storage', '^node_modules/(flydrive|@aws-sdk)/', '^src/platform/storage/'),
    reserved('stripe-in-stripe', '^node_modules/stripe/', '^src/contexts/payments/stripe/'),
    reserved('jose-in-tokens', '^node_modules/jose/', '^src/platform/tokens/'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js'],
    },
    exclude: { path: '^(node:|dist/)' },
  },
};
