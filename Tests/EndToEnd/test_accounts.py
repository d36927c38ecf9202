# Part of Tillbridge. See LICENSE.
"""Payment accounts as each cloud uses them, and the test payment that comes back by itself."""

import json
import subprocess

from shop import until


def admin(program, shop, *arguments, cloud="a", line=None):
    done = subprocess.run([program, "admin", *arguments, "--data", str(shop.folder / f"cloud-{cloud}"), "--json"],
                          input=line, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_each_cloud_tells_of_its_accounts_and_tries_them(programs, open_shop):
    for cloud in "ab":
        told = admin(programs[0], open_shop, "account", "list", cloud=cloud)
        assert told["cloud"] == cloud.upper()
        names = {account["account"] for account in told["accounts"]}
        assert {"alipay-sandbox", "wechatpay-sandbox", "qqwallet-sandbox", "unionpay-sandbox"} <= names
        for account in told["accounts"]:
            assert account["circuit"] == "closed" and account["limit"] > 0, account
        for name in sorted(names):
            tried = admin(programs[0], open_shop, "account", "test", name, cloud=cloud)
            assert tried["result"] == "good", tried


def test_a_test_payment_is_paid_and_comes_back(programs, open_shop):
    store = admin(programs[0], open_shop, "store", "add", "--name", "Not open yet")["store"]
    for wallet in ["alipay", "unionpay"]:
        code = open_shop.code(wallet)
        told = admin(programs[0], open_shop, "test-payment", "--store", store, "--account", f"{wallet}-sandbox",
                     line=f"{code}\n")
        assert told["result"] == "paid", told
        assert told["n"][1:10] == store + "ZZ"
        until("the test payment to come back", lambda: open_shop.trade(told["n"])["net"] == 0, 60)
        assert code not in json.dumps(told)
