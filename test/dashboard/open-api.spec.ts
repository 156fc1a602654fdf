import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { dashboardOpenApi } from 'nestjs-behavior-guard';
import { PLATFORMS } from '../http/support.js';
import { ask, startShop } from './support.js';

const OPERATIONS = [
  'GET /api/actor',
  'POST /api/actor/reset',
  'DELETE /api/bans',
  'GET /api/bans',
  'POST /api/bans',
  'POST /api/bans/extend',
  'GET /api/events',
  'GET /api/rules',
  'POST /api/rules',
  'POST /api/rules/passive',
  'GET /api/sinks',
  'GET /api/statistics',
  'GET /api/storage',
  'GET /api/stream',
];

describe('the description of the API', () => {
  it('names every operation, and every schema that it refers to', () => {
    const { paths, components } = dashboardOpenApi('/ops/guard');
    const named = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace('/ops/guard', '')}`),
    );
    expect(named.sort()).toEqual([...OPERATIONS].sort());
    const references = [
      ...JSON.stringify({ paths, components }).matchAll(/"#\/components\/schemas\/(\w+)"/g),
    ];
    const known = Object.keys(components.schemas);
    expect(references.map(([, name]) => name).filter((name) => !known.includes(name))).toEqual([]);
    expect(known.every((name) => name.startsWith('BehaviorGuard'))).toBe(true);
  });

  it('says what a ban takes', () => {
    const { post } = dashboardOpenApi().paths['/behavior-guard/api/bans'];
    expect(post).toMatchObject({
      operationId: 'behaviorGuardPostBans',
      parameters: [{ name: 'x-behavior-guard', in: 'header', required: true }],
      requestBody: {
        content: {
          'application/json': {
            schema: {
              type: 'object',
              required: ['actor'],
              additionalProperties: false,
              properties: {
                actor: { type: 'string', minLength: 1, maxLength: 1024 },
                duration: { anyOf: [{ type: 'number' }, { type: 'string', maxLength: 32 }] },
              },
            },
          },
        },
      },
    });
  });

  it('joins the document that @nestjs/swagger makes of the application', async () => {
    const { app } = await startShop('express');
    const document = SwaggerModule.createDocument(app, new DocumentBuilder().setTitle('shop').build());
    const { paths, components } = dashboardOpenApi();
    Object.assign(document.paths, paths);
    Object.assign(((document.components ??= {}).schemas ??= {}), components.schemas);
    SwaggerModule.setup('docs', app, document);
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(['/shop/items', '/behavior-guard/api/bans']),
    );
    expect(document.components.schemas).toHaveProperty('BehaviorGuardBan');
  });

  it.each(PLATFORMS)('is served on %s', async (platform) => {
    const app = await startShop(platform, { dashboard: { authorize: () => true, path: '/ops' } });
    const { status, json } = await app.get('/ops/api/openapi.json');
    expect(status).toBe(200);
    expect(json.openapi).toBe('3.0.3');
    expect(Object.keys(json.paths)).toContain('/ops/api/bans');
    expect((await ask(app, 'GET', '')).status).toBe(404);
  });
});
