# Odoo's external API with Perl's RPC::XML; see ../README.md for what is asked.
use strict;
use warnings;
use utf8;
use JSON::PP ();
use RPC::XML qw(RPC_STRING RPC_BOOLEAN);
use RPC::XML::Client;

$RPC::XML::ENCODING = 'utf-8';

my $json = JSON::PP->new->utf8;
my ($url, $db, $key) = @ENV{qw(ODOO_URL ODOO_DB ODOO_API_KEY)};
my ($login, $password) = $key ? ('', '') : @ENV{qw(ODOO_LOGIN ODOO_PASSWORD)};
my $uid = 0;

# A client for one of Odoo's services; its user agent sends the API-KEY header with each request.
sub service {
    my ($name, $with_key) = @_;
    my $client = RPC::XML::Client->new("$url/xmlrpc/2/$name");
    $client->useragent->default_header('API-KEY' => $with_key) if $with_key;
    return $client;
}

# What was answered: an RPC::XML value, which may be a fault. Text looks like numbers to RPC::XML where it consists of
# digits, so a password, which may, is said to be text.
sub authenticate {
    my ($with_password, $with_key) = @_;
    return service('common', $with_key)
        ->send_request('authenticate', $db, RPC_STRING($login), RPC_STRING($with_password), {});
}

sub call {
    my ($model, $method, $args, $options) = @_;
    return service('object', $key)
        ->send_request('execute_kw', $db, $uid, RPC_STRING($password), $model, $method, $args, $options // {});
}

# The value of an answer that has to be none but a fault.
sub value {
    my ($answer) = @_;
    die $answer unless ref $answer;    # a text that says why there is no answer
    die $answer->string if $answer->is_fault;
    return plain($answer);
}

# RPC::XML's booleans become 1 and 0, which are numbers to JSON; they are told apart by their class.
sub plain {
    my ($value) = @_;
    return $value->value ? JSON::PP::true : JSON::PP::false if $value->isa('RPC::XML::boolean');
    return { map { $_ => plain($value->{$_}) } keys %$value } if $value->isa('RPC::XML::struct');
    return [ map { plain($_) } @$value ] if $value->isa('RPC::XML::array');
    return 0 + $value->value if $value->isa('RPC::XML::int') || $value->isa('RPC::XML::double');
    return $value->value;
}

# The fault that a call has to end in.
sub fault {
    my $answer = call(@_);
    die $answer unless ref $answer;
    die 'not refused: ' . $answer->as_string unless $answer->is_fault;
    return $answer;
}

my %seen;
$seen{version} = value(service('common', $key)->send_request('version'))->{server_serie};
$seen{uid} = value(authenticate($password, $key));
$uid = $seen{uid} unless $key;    # with a key the calls go without
$seen{refused_login} = value($key ? authenticate('', 'wrong') : authenticate('wrong'));
$seen{contacts} = value(call('res.partner', 'search_read', [[[ 'ref', '=', 'CONF' ]]],
    { fields => [ 'name', 'parent_id' ], order => 'id desc', limit => 4 }));
$seen{fields} = value(call('res.partner', 'fields_get', [[ 'name', 'parent_id' ]], { attributes => [ 'type', 'relation' ] }));

my $new = value(call('res.partner', 'create', [{ name => 'ConfNew Perl' }]));
$seen{created} = $new =~ /^\d+$/ ? JSON::PP::true : JSON::PP::false;
$seen{written} = value(call('res.partner', 'write',
    [ [$new], { name => q(ConfNew Ünï €uro 日本 😀 <&>"'), email => RPC_BOOLEAN(0), is_company => RPC_BOOLEAN(1) } ]));
$seen{read_back} = value(call('res.partner', 'read', [ [$new], [ 'name', 'email', 'is_company' ] ]))->[0];
delete $seen{read_back}{id};
$seen{unlinked} = value(call('res.partner', 'unlink', [ [$new] ]));
$seen{left} = scalar @{ value(call('res.partner', 'search', [[[ 'id', '=', $new ]]])) };

$seen{rate} = value(call('res.currency.rate', 'search_read', [[[ 'name', '=', '2024-02-29' ]]],
    { fields => [ 'name', 'rate', 'create_date' ] }))->[0];

# A date of XML-RPC's own. What Odoo makes of it is seen in a field's default, which goes nowhere.
$seen{native_date} = value(call('res.partner', 'default_get', [ ['name'] ],
    { context => { default_name => RPC::XML::datetime_iso8601->new('20240229T12:34:56') } }))->{name};

my $unknown = fault('no.such.model', 'read', [ [1] ]);
$seen{unknown_model} = { code => 0 + $unknown->code, text => $unknown->string };
$seen{private_method} = 0 + fault('res.partner', '_search', [ [] ])->code;
if ($key) {
    $uid = 9001;    # not the key's user
}
else {
    $password = 'wrong';
}
$seen{nobody} = 0 + fault('res.partner', 'read', [ [91001] ])->code;

print $json->encode(\%seen);
