# License LGPL-3.0 or later (https://www.gnu.org/licenses/lgpl)
{
    "name": "odoobridge",
    "summary": "Lets the user of an API key call models through odoobridge, an archived user too",
    "version": "1.0.0",
    "category": "Technical",
    "author": "The odoobridge authors",
    "license": "LGPL-3",
    "depends": ["auth_api_key"],
    "installable": True,
}
