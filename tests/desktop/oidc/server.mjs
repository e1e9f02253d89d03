#!/usr/bin/env node
// A certified OpenID provider on loopback for the desktop tests: PKCE required, refresh tokens rotated, a reused one
// revokes its whole family. It keeps its state in memory, generates keys and client secrets at each start, and prints one
// line of JSON (endpoints, clients) on stdout when it listens.
// Debian 12 and Ubuntu 24.04 ship Node 18, which oidc-provider 9 runs on with the function below.
//
//   server.mjs [PORT]            0 or absent: a free port
//   ACCESS_TOKEN_TTL_SECS        life of an access token (default 3600)
//   REFRESH_TOKEN_TTL_SECS       life of a refresh token (default 86400)
//   CLIENT_CREDENTIALS_TTL_SECS  life of a token of client_credentials (default: ACCESS_TOKEN_TTL_SECS)
//
// GET /events returns all events so far (token requests granted and refused, grants revoked), without secrets.
import { createServer } from 'node:http';
import * as crypto from 'node:crypto';

// By default its advice to operators goes to stdout, which must have only the one line above.
for (const level of ['log', 'info', 'warn']) console[level] = (...words) => console.error(...words);
URL.parse ??= (text, base) => (URL.canParse(text, base) ? new URL(text, base) : null);
const { default: Provider } = await import('oidc-provider');

const seconds = (name, fallback) => Number.parseInt(process.env[name] ?? '', 10) || fallback;
const accessTtl = seconds('ACCESS_TOKEN_TTL_SECS', 3600);
const refreshTtl = seconds('REFRESH_TOKEN_TTL_SECS', 86_400);
const clientCredentialsTtl = seconds('CLIENT_CREDENTIALS_TTL_SECS', accessTtl);
const secret = () => `CANARY-${crypto.randomBytes(24).toString('base64url')}`;

// Native clients may use any port of a loopback redirect URI (RFC 8252, section 7.3).
const native = {
  application_type: 'native',
  redirect_uris: ['127.0.0.1', 'localhost', '[::1]'].flatMap((host) => [
    `http://${host}/`,
    `http://${host}/callback`,
  ]),
  response_types: ['code'],
  grant_types: ['authorization_code', 'refresh_token'],
};
const clients = {
  basic: { client_id: 'keyfob-basic', client_secret: secret(), token_endpoint_auth_method: 'client_secret_basic', ...native },
  post: { client_id: 'keyfob-post', client_secret: secret(), token_endpoint_auth_method: 'client_secret_post', ...native },
  public: { client_id: 'keyfob-public', token_endpoint_auth_method: 'none', ...native },
  // A team vault that signs its members in.
  vault: {
    ...native,
    client_id: 'team-vault',
    client_secret: secret(),
    token_endpoint_auth_method: 'client_secret_basic',
    redirect_uris: ['http://localhost:8250/oidc/callback'],
  },
  machine: {
    client_id: 'keyfob-machine',
    client_secret: secret(),
    token_endpoint_auth_method: 'client_secret_basic',
    redirect_uris: [],
    response_types: [],
    grant_types: ['client_credentials'],
  },
};

// A client for each client authentication, with each grant that a confidential client may use.
const device = 'urn:ietf:params:oauth:grant-type:device_code';
const every = { ...native, grant_types: [...native.grant_types, 'client_credentials', device] };
const signing = {
  ES256: crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS256: crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }),
  PS256: crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }),
  EdDSA: crypto.generateKeyPairSync('ed25519'),
};
const every_way = {
  // Form encoding changes this secret.
  every_basic: { client_id: 'every-basic', client_secret: `${secret()} a%2Fb+c/`, token_endpoint_auth_method: 'client_secret_basic', ...every },
  every_raw: { client_id: 'every-raw', client_secret: secret(), token_endpoint_auth_method: 'client_secret_basic', ...every },
  every_post: { client_id: 'every-post', client_secret: secret(), token_endpoint_auth_method: 'client_secret_post', scope: 'openid offline_access read', ...every },
  every_public: { client_id: 'every-public', token_endpoint_auth_method: 'none', ...native, grant_types: [...native.grant_types, device] },
  every_hmac: { client_id: 'every-hmac', client_secret: secret(), token_endpoint_auth_method: 'client_secret_jwt', ...every },
  every_signed: {
    client_id: 'every-signed',
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: Object.entries(signing).map(([alg, { publicKey }]) => ({ ...publicKey.export({ format: 'jwk' }), kid: alg, alg, use: 'sig' })) },
    ...every,
  },
};
const private_keys = Object.fromEntries(Object.entries(signing)
  .map(([alg, keys]) => [alg, keys.privateKey.export({ type: 'pkcs8', format: 'pem' })]));

// A client whose ID is the URL of its metadata.
const client_document = {
  ...native,
  client_id: 'https://client.example/keyfob.json',
  client_name: 'Keyfob',
  token_endpoint_auth_method: 'none',
};

const escape = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const page = (title, body) => `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>${title}</title>
<link rel="icon" href="data:,"><style>body{font:16px sans-serif;max-width:24em;margin:4em auto}input,button{display:block;margin:.5em 0;padding:.5em}</style>
<h1>${title}</h1>${body}</html>`;
const submitting = (form, buttons) => form.replace('</form>', `${buttons}</form>`);

const { privateKey, publicKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
const configuration = {
  clients: [...Object.values(clients), ...Object.values(every_way)],
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256', kid: 'test' }] },
  cookies: { keys: [crypto.randomBytes(24).toString('hex')] },
  scopes: ['openid', 'offline_access', 'read', 'write'],
  pkce: { required: () => true },
  rotateRefreshToken: true,
  // A refresh token for every client that may use one, with or without offline_access.
  issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
  expiresWithSession: async () => false,
  findAccount: async (_ctx, sub) => ({ accountId: sub, claims: async () => ({ sub }) }),
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  // The documents of clients; any other request fails.
  fetch: async (url) => {
    const document = String(url) === client_document.client_id ? JSON.stringify(client_document) : undefined;
    return new Response(document, { status: document ? 200 : 404, headers: { 'content-type': 'application/json' } });
  },
  features: {
    clientIdMetadataDocument: { enabled: true, ack: 'draft-02' },
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    deviceFlow: {
      enabled: true,
      userCodeInputSource: async (ctx, form, _out, error) => {
        ctx.body = error?.name === 'AbortedError'
          ? page('Keyfob was refused', '<p>Nothing was allowed.</p>')
          : page('Enter the code', submitting(form, '<button type="submit">Continue</button>'));
      },
      userCodeConfirmSource: async (ctx, form, _client, _device, code) => {
        ctx.body = page('Confirm the code', `<p>${escape(code)}</p>${submitting(form, `<button type="submit">Continue</button>
<button type="submit" name="abort" value="yes">Cancel</button>`)}`);
      },
      successSource: async (ctx) => {
        ctx.body = page('Sign-in Success with Keyfob', '<p>Close this page.</p>');
      },
    },
    introspection: { enabled: true, allowedPolicy: async () => true },
    revocation: { enabled: true },
    // A token for a requested resource names it.
    resourceIndicators: {
      enabled: true,
      defaultResource: async () => undefined,
      getResourceServerInfo: async (_ctx, resource) => ({
        scope: 'read', audience: resource, accessTokenFormat: 'jwt', accessTokenTTL: accessTtl, jwt: { sign: { alg: 'ES256' } },
      }),
    },
    pushedAuthorizationRequests: { enabled: true },
    registration: { enabled: true },
    registrationManagement: { enabled: true, rotateRegistrationAccessToken: false },
  },
  ttl: {
    AccessToken: accessTtl,
    ClientCredentials: clientCredentialsTtl,
    RefreshToken: refreshTtl,
    AuthorizationCode: 60,
    IdToken: 3600,
    Interaction: 600,
    Session: 3600,
    Grant: refreshTtl,
  },
};

const loginPage = () => page('Sign in', `<form method="post" autocomplete="off">
<label>User name <input type="text" name="username" required></label>
<label>Password <input type="password" name="password" required></label>
<button type="submit" name="answer" value="yes">Sign in</button>
<button type="submit" name="answer" value="no" formnovalidate>Cancel</button></form>`);
const consentPage = (client, scope) => page('Allow access', `<p>${escape(client)} asks for: ${escape(scope)}</p>
<form method="post"><button type="submit" name="answer" value="yes">Allow</button>
<button type="submit" name="answer" value="no">Cancel</button></form>`);

async function form(request) {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) {
    body += chunk;
    if (body.length > 65_536) throw new Error('the form is too long');
  }
  return new URLSearchParams(body);
}

// The login and consent pages, and their submission.
async function interact(provider, request, response) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (request.method !== 'POST') {
    const html = prompt.name === 'login' ? loginPage() : consentPage(params.client_id, params.scope ?? '');
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(html);
    return;
  }
  const answer = await form(request);
  let result;
  if (answer.get('answer') === 'no') {
    result = { error: 'access_denied', error_description: 'the user said no' };
  } else if (prompt.name === 'login') {
    result = { login: { accountId: answer.get('username') || 'nobody' } };
  } else {
    const grant = (grantId && (await provider.Grant.find(grantId)))
      || new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    if (prompt.details.missingOIDCScope) grant.addOIDCScope(prompt.details.missingOIDCScope.join(' '));
    for (const [resource, scopes] of Object.entries(prompt.details.missingResourceScopes ?? {})) grant.addResourceScope(resource, scopes.join(' '));
    if (prompt.details.missingOIDCClaims) grant.addOIDCClaims(prompt.details.missingOIDCClaims);
    result = { consent: { grantId: await grant.save() } };
  }
  const mergeWithLastSubmission = prompt.name === 'consent';
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission });
}

const events = [];
function watch(provider) {
  const grant = (ctx) => ctx?.oidc?.params?.grant_type;
  const client = (ctx) => ctx?.oidc?.client?.clientId;
  const note = (event, ctx, more) => events.push({ event, client: client(ctx), grant: grant(ctx), ...more });
  provider.on('grant.success', (ctx) => note('granted', ctx));
  provider.on('grant.error', (ctx, error) => note('refused', ctx, { error: error.error, detail: error.error_detail ?? error.error_description }));
  provider.on('grant.revoked', (ctx) => note('family_revoked', ctx));
  provider.on('refresh_token.consumed', () => note('rotated'));
  provider.on('revocation.error', (ctx, error) => note('revocation_refused', ctx, { error: error.error }));
  provider.on('server_error', (_ctx, error) => console.error(error));
}

// An API that takes only tokens that are for itself (RFC 9728, RFC 8707).
function api(issuer, request, response) {
  const resource = `${issuer}/api`;
  const send = (status, body, headers = {}) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  if (request.url === '/.well-known/oauth-protected-resource/api') {
    return send(200, { resource, authorization_servers: [issuer], scopes_supported: ['read'] });
  }
  const [header, claims, signature] = (request.headers.authorization ?? '').replace(/^Bearer /, '').split('.');
  const key = { key: publicKey, dsaEncoding: 'ieee-p1363' };
  const isSigned = signature && crypto.verify('sha256', `${header}.${claims}`, key, Buffer.from(signature, 'base64url'));
  const token = isSigned ? JSON.parse(Buffer.from(claims, 'base64url')) : {};
  if (token.aud === resource && token.exp * 1000 > Date.now()) return send(200, { subject: token.sub, scope: token.scope });
  const challenge = `Bearer resource_metadata="${issuer}/.well-known/oauth-protected-resource/api"`;
  return send(401, { error: 'invalid_token' }, { 'www-authenticate': challenge });
}

const server = createServer();
server.listen(Number.parseInt(process.argv[2] ?? '0', 10), '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, configuration);
  watch(provider);
  const callback = provider.callback();
  server.on('request', (request, response) => {
    if (request.url === '/events') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(events));
    } else if (['/api', '/.well-known/oauth-protected-resource/api'].includes(request.url)) {
      api(issuer, request, response);
    } else if (request.url.startsWith('/interaction/')) {
      interact(provider, request, response).catch((error) => {
        console.error(error);
        if (!response.headersSent) response.writeHead(400);
        response.end('This sign-in is over.');
      });
    } else {
      callback(request, response);
    }
  });
  process.stdout.write(`${JSON.stringify({
    issuer,
    api: `${issuer}/api`,
    client_document: client_document.client_id,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    introspection_endpoint: `${issuer}/token/introspection`,
    revocation_endpoint: `${issuer}/token/revocation`,
    userinfo_endpoint: `${issuer}/me`,
    jwks_uri: `${issuer}/jwks`,
    device_authorization_endpoint: `${issuer}/device/auth`,
    pushed_authorization_request_endpoint: `${issuer}/request`,
    private_keys,
    events: `${issuer}/events`,
    clients: Object.fromEntries(Object.entries({ ...clients, ...every_way }).map(([name, { client_id, client_secret }]) => [name, { client_id, client_secret }])),
  })}\n`);
});
