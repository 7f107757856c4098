// The playground of the admin port: requests go out as the built-in key `console`.
import { playground } from "./playground.js";

const form = document.getElementById("playground");
const csrf = document.querySelector("meta[name=csrf]").content;
playground(form, {
  access: () => ({ url: "/admin/v1/playground", headers: { "x-csrf-token": csrf } }),
  address: form.dataset.address,
});
