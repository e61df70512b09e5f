// Makes the page of calls one where each can be tried: Swagger UI, with examples that fit what this service has now.

const place = document.getElementById("try-it");
const base = place.dataset.base;

async function get(path) {
  const answer = await fetch(base + path, { headers: { Accept: "application/json" } });
  return answer.ok ? answer.json() : null;
}

async function newest(path) {
  const page = await get(path);
  return page?.data?.[0] ?? null;
}

async function newestOf(path, states) {
  const found = await Promise.all(states.map((state) => newest(`${path}?limit=1&state=${state}`)));
  return found.filter(Boolean).sort((a, b) => (a.id < b.id ? 1 : -1))[0]?.id;
}

// What the calls can be tried with. A part that there is not yet keeps the document's own example.
async function known() {
  const [done, active, again, ended, decided, comparing, over, model] = await Promise.all([
    newestOf("/jobs", ["succeeded"]),
    newestOf("/jobs", ["running", "queued"]),
    newestOf("/jobs", ["cancelled", "failed"]),
    newestOf("/jobs", ["cancelled", "failed", "succeeded"]),
    newestOf("/comparisons", ["finished"]),
    newestOf("/comparisons", ["running"]),
    newestOf("/comparisons", ["finished", "cancelled", "failed"]),
    newest("/models?limit=1"),
  ]);
  const network = done ? await get(`/jobs/${done}/model`) : null;
  return { done, active, again, deletable: again ?? ended, decided, comparing, over, model, network };
}

function valueOf(name, call, has) {
  const other = has.model?.versions.find((item) => item.version !== has.model.version)?.version;
  if (name === "job_id") {
    return { cancel: has.active, retry: has.again, delete: has.deletable }[call] ?? has.done ?? has.active;
  }
  if (name === "comparison_id") {
    return { cancel: has.comparing, delete: has.over }[call] ?? has.decided ?? has.comparing;
  }
  if (name === "name") return has.model?.name;
  if (name === "version") return call === "delete" ? other : has.model?.version;
  return undefined;
}

// A light bar on black, as the network's input is shaped.
function image({ shape, pixel_max: light }) {
  const [height, width, colours] = shape;
  const middle = (column) => Math.abs(column - (width - 1) / 2) <= width / 8;
  const pixel = (column) => {
    const value = middle(column) ? light : 0;
    return colours ? Array(colours).fill(value) : value;
  };
  return Array.from({ length: height }, () => Array.from({ length: width }, (_, column) => pixel(column)));
}

function bodyOf(path, example, has) {
  if (path === "/models/{name}" && has.done) return { job: has.done };
  if (path.endsWith("/rollback") && has.model) {
    const other = has.model.versions.find((item) => item.version !== has.model.version);
    return { version: (other ?? has.model).version };
  }
  if (!has.network) return example;
  const pixels = image(has.network.input);
  if (path.endsWith("/predict")) return { instances: [pixels] };
  if (path.endsWith(":predict")) return { ...example, instances: [pixels] };
  if (path.endsWith("/infer")) {
    const data = pixels.flat(Infinity);
    return { ...example, inputs: [{ ...example.inputs[0], shape: [1, data.length], data }] };
  }
  return example;
}

function fill(document_, has) {
  for (const [path, methods] of Object.entries(document_.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const call = method === "delete" ? "delete" : path.split("/").at(-1);
      for (const parameter of operation.parameters ?? []) {
        const { schema } = parameter;
        if (parameter.required) {
          parameter.example = valueOf(parameter.name, call, has) ?? parameter.example ?? schema.examples?.[0];
        } else if ("default" in schema) {
          // Swagger UI would send what is meant anyway.
          parameter.description = `${parameter.description ?? ""} Without it: ${schema.default}.`;
          delete schema.default;
        }
      }
      const json = operation.requestBody?.content["application/json"];
      if (json) {
        const name = json.schema?.$ref?.split("/").at(-1);
        json.example = bodyOf(path, json.example ?? document_.components.schemas[name]?.examples?.[0], has);
      }
    }
  }
  if (base) document_.servers = [{ url: base }];
  return document_;
}

function missing(has) {
  if (has.done) return "The ids in the examples are of the newest job, comparison and model here, as of when this page was loaded.";
  const first = has.active ? "As soon as your job has succeeded" : "Press POST /jobs first; as soon as the job has succeeded";
  return `Nothing is trained yet. ${first}, load this page again: the other examples are then filled in with it.`;
}

const has = await known();
document.getElementById("note").textContent = missing(has);
SwaggerUIBundle({
  spec: fill(await get("/openapi.json"), has),
  domNode: place,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  syntaxHighlight: false,
  validatorUrl: null,
  onComplete: () => document.body.classList.add("trying"),
});
