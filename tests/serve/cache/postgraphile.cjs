// PostGraphile as an application would use it: the token decides the tenant of each request.
// Usage: node postgraphile.cjs DSN SECRET PORT
const http = require("http");
const jwt = require("jsonwebtoken");
const { Pool } = require("pg");
const { postgraphile } = require("postgraphile");

const [dsn, secret, port] = process.argv.slice(2);
const fields = Object.fromEntries([...dsn.matchAll(/(\w+)=(?:'([^']*)'|(\S+))/g)].map((m) => [m[1], m[2] ?? m[3]]));
const pool = new Pool({
  host: fields.host, port: Number(fields.port), user: fields.user, password: fields.password,
  database: fields.dbname, max: 10,
});
const options = {
  disableQueryLog: true,
  pgSettings: async (request) => {
    const sent = (request.headers.authorization || "").replace("Bearer ", "");
    const claims = jwt.verify(sent, secret, { algorithms: ["HS256"], audience: "authenticated" });
    return { role: "stanchion_app", "app.tenant_id": claims.app_metadata.tenant_id };
  },
};
http.createServer(postgraphile(pool, ["contest"], options)).listen(Number(port), "127.0.0.1");
