// What to do when nothing has arrived yet: where an agent reports to, with what, in three languages.

import { post } from "./api.js";
import { CopyButton } from "./copy.js";
import { html, useState } from "./lib.js";

const PYTHON = (address) => `import rodent_events as events
from rodent_events import ServiceStatusPayload

events.initialize(target="${address}", jwt=TOKEN)
events.emit(ServiceStatusPayload(service_name="my-agent", status="running"))
events.shutdown(timeout=10)
`;

const GO = (address) => `conn, err := grpc.NewClient("${address}",
    grpc.WithTransportCredentials(insecure.NewCredentials()))
if err != nil {
    log.Fatal(err)
}
ctx := metadata.AppendToOutgoingContext(context.Background(),
    "authorization", "Bearer "+token)
batch := &pb.EventBatch{BatchId: uuid.NewString(), Events: events}
answer, err := pb.NewRodentServiceClient(conn).SendEvents(ctx, batch)
`;

const NODE = (address) => `import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const { rodent } = grpc.loadPackageDefinition(loader.loadSync("base.proto"));
const client = new rodent.RodentService("${address}", grpc.credentials.createInsecure());
const metadata = new grpc.Metadata();
metadata.set("authorization", \`Bearer \${token}\`);
client.SendEvents({ batch_id: crypto.randomUUID(), events }, metadata, console.log);
`;

const LANGUAGES = [
  ["Python", PYTHON],
  ["Go", GO],
  ["JavaScript", NODE],
];

export function FirstLook({ info, session, readOnly }) {
  const [language, setLanguage] = useState("Python");
  const text = LANGUAGES.find(([name]) => name === language)[1](info.address);
  const token = async () => (await post("/tokens", { session })).jwt;
  return html`<div class="panels">
    <section class="first-look" aria-labelledby="first-look">
      <h2 id="first-look">Nothing has arrived yet</h2>
      <p>Have your agent report to this mock; what it sends appears here at once.</p>
      <dl class="facts">
        <dt>address</dt>
        <dd><code>${info.address}</code> <${CopyButton} text=${info.address} label="Copy address" what="the address" /></dd>
        <dt>token</dt>
        <dd>
          ${readOnly
            ? html`<code>toggle-mock token</code> makes one`
            : html`<${CopyButton} text=${token} label="Copy a token" what="a token of rodent-1 for an hour" />`}
        </dd>
        <dt>speaks</dt>
        <dd>gRPC, ${info.tls ? "with TLS: its root certificate is in /api/v1/info" : "in plaintext"}</dd>
      </dl>
      <div>
        <div class="subtabs" role="tablist" aria-label="Language">
          ${LANGUAGES.map(
            ([name]) => html`<button
              type="button"
              role="tab"
              id="language-${name}"
              aria-controls="snippet"
              aria-selected=${name === language ? "true" : "false"}
              onClick=${() => setLanguage(name)}
            >${name}</button>`,
          )}
        </div>
        <div role="tabpanel" id="snippet" aria-labelledby="language-${language}"><pre tabindex="0">${text}</pre></div>
      </div>
      <div class="bar">
        <${CopyButton} text=${text} label="Copy the program" what="the program" />
        <span class="muted">or, to see something now: <code>toggle-mock demo --page</code></span>
      </div>
    </section>
  </div>`;
}
