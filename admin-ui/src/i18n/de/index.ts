import { accounts } from "./accounts";
import { common } from "./common";
import { fields } from "./fields";
import { records } from "./records";
import { schema } from "./schema";
import { settings } from "./settings";
import { tools } from "./tools";
import { webhooks } from "./webhooks";

/** Every phrase of the dashboard in German. A phrase that is missing here does not compile. */
export const de = { ...accounts, ...common, ...fields, ...records, ...schema, ...settings, ...tools, ...webhooks };
