package sandbox

// partnerOfCompany are the fields of a new company that its partner gets, as res.company.create of series 15 to 19 has it.
var partnerOfCompany = []string{"name", "email", "phone", "website", "vat"}

// companyDefaults completes a new company: it has the currency of the caller's, and a partner of its own.
func (e *env) companyDefaults(vals *dict) error {
	if _, given := vals.get("currency_id"); !given {
		currency, err := e.ids("SELECT currency_id FROM res_company WHERE id = $1", e.user.companyID)
		if err != nil {
			return err
		}
		if len(currency) > 0 {
			vals.set("currency_id", currency[0])
		}
	}
	if partner, _ := vals.get("partner_id"); truthy(partner) {
		return nil
	}
	name, _ := vals.get("name")
	if !truthy(name) {
		return nil // its absence is told as of a company's field
	}
	own := newDict("is_company", true)
	for _, field := range partnerOfCompany {
		if v, given := vals.get(field); given {
			own.set(field, v)
		}
	}
	partner, err := e.superuser().create(e.models["res.partner"], own)
	vals.set("partner_id", partner)
	return err
}
