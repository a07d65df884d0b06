<?php
// Odoo's external API with PHP's xmlrpc extension and curl; see ../README.md for what is asked.

declare(strict_types=1);

/** A call that Odoo refused: its fault. */
final class Fault extends RuntimeException
{
}

/** One user of one database: by login and password in the calls, or by the key in the header. */
final class Odoo
{
    public int|false $uid = 0;

    public function __construct(
        private string $url,
        private string $db,
        private string $login = '',
        public string $password = '',
        private ?string $key = null,
    ) {
    }

    public function version(): array
    {
        return $this->post('common', 'version', []);
    }

    /** The user's id, false if it is refused. With a key there is no need to ask: the calls go without. */
    public function authenticate(): int|false
    {
        // PHP has no empty struct: Odoo takes an empty array for its user_agent_env as well.
        $uid = $this->post('common', 'authenticate', [$this->db, $this->login, $this->password, []]);
        if ($this->key === null) {
            $this->uid = $uid;
        }
        return $uid;
    }

    /** execute_kw; without options it is left out, because an empty array is no struct. */
    public function call(string $model, string $method, array $args, array $options = []): mixed
    {
        $params = [$this->db, $this->uid, $this->password, $model, $method, $args];
        return $this->post('object', 'execute_kw', $options ? [...$params, $options] : $params);
    }

    /** The fault that a call has to end in. */
    public function fault(string $model, string $method, array $args): Fault
    {
        try {
            $answer = $this->call($model, $method, $args);
        } catch (Fault $fault) {
            return $fault;
        }
        throw new LogicException('not refused: ' . json_encode($answer));
    }

    private function post(string $service, string $method, array $params): mixed
    {
        $headers = ['Content-Type: text/xml'];
        if ($this->key !== null) {
            $headers[] = 'API-KEY: ' . $this->key;
        }
        $curl = curl_init("$this->url/xmlrpc/2/$service");
        curl_setopt_array($curl, [
            CURLOPT_POSTFIELDS => xmlrpc_encode_request($method, $params, ['encoding' => 'UTF-8', 'escaping' => 'markup']),
            CURLOPT_HTTPHEADER => $headers,
            CURLOPT_RETURNTRANSFER => true,
        ]);
        $answer = curl_exec($curl);
        if ($answer === false) {
            throw new RuntimeException(curl_error($curl));
        }
        $value = xmlrpc_decode($answer, 'UTF-8');
        if (is_array($value) && xmlrpc_is_fault($value)) {
            throw new Fault($value['faultString'], $value['faultCode']);
        }
        return $value;
    }
}

[$url, $db, $key] = [getenv('ODOO_URL'), getenv('ODOO_DB'), getenv('ODOO_API_KEY') ?: null];
[$login, $password] = $key === null ? [getenv('ODOO_LOGIN'), getenv('ODOO_PASSWORD')] : ['', ''];

$odoo = new Odoo($url, $db, $login, $password, $key);
$wrong = $key === null ? new Odoo($url, $db, $login, 'wrong') : new Odoo($url, $db, key: 'wrong');
$seen = [
    'version' => $odoo->version()['server_serie'],
    'uid' => $odoo->authenticate(),
    'refused_login' => $wrong->authenticate(),
    'contacts' => $odoo->call('res.partner', 'search_read', [[['ref', '=', 'CONF']]],
        ['fields' => ['name', 'parent_id'], 'order' => 'id desc', 'limit' => 4]),
    'fields' => $odoo->call('res.partner', 'fields_get', [['name', 'parent_id']], ['attributes' => ['type', 'relation']]),
];

$new = $odoo->call('res.partner', 'create', [['name' => 'ConfNew PHP']]);
$seen['created'] = is_int($new);
$seen['written'] = $odoo->call('res.partner', 'write',
    [[$new], ['name' => 'ConfNew Ünï €uro 日本 😀 <&>"\'', 'email' => false, 'is_company' => true]]);
$seen['read_back'] = $odoo->call('res.partner', 'read', [[$new], ['name', 'email', 'is_company']])[0];
unset($seen['read_back']['id']);
$seen['unlinked'] = $odoo->call('res.partner', 'unlink', [[$new]]);
$seen['left'] = count($odoo->call('res.partner', 'search', [[['id', '=', $new]]]));

$seen['rate'] = $odoo->call('res.currency.rate', 'search_read', [[['name', '=', '2024-02-29']]],
    ['fields' => ['name', 'rate', 'create_date']])[0];

// A date of XML-RPC's own. What Odoo makes of it is seen in a field's default, which goes nowhere.
$moment = '20240229T12:34:56';
xmlrpc_set_type($moment, 'datetime');
$seen['native_date'] = $odoo->call('res.partner', 'default_get', [['name']], ['context' => ['default_name' => $moment]])['name'];

$unknown = $odoo->fault('no.such.model', 'read', [[1]]);
$seen['unknown_model'] = ['code' => $unknown->getCode(), 'text' => $unknown->getMessage()];
$seen['private_method'] = $odoo->fault('res.partner', '_search', [[]])->getCode();
if ($key === null) {
    $odoo->password = 'wrong';
} else {
    $odoo->uid = 9001; // not the key's user
}
$seen['nobody'] = $odoo->fault('res.partner', 'read', [[91001]])->getCode();

echo json_encode($seen, JSON_THROW_ON_ERROR);
