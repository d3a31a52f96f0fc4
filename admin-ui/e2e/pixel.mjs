/** The smallest PNG there is: one pixel. */
export const PIXEL = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

const OBJECTS = [
  "<</Type/Catalog/Pages 2 0 R>>",
  "<</Type/Pages/Kids[3 0 R]/Count 1>>",
  "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
  "<</Length 40>>stream\nBT /F1 24 Tf 50 100 Td (A paper) Tj ET \nendstream",
  "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
];
/** A PDF of one page. */
export const PDF = Buffer.from(`%PDF-1.4\n${OBJECTS.map((each, at) => `${at + 1} 0 obj${each}endobj\n`).join("")}trailer<</Root 1 0 R>>`);
