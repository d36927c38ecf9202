# Part of Tillbridge. See LICENSE.
"""The checker of the chaos runs against books that agree, and against books that do not: each must be noticed."""

import ast

import pytest
from conftest import CHAOS, order_number

CODE = "281234567890123456"


def test_books_that_agree_hold_no_violation(books):
    books.paid_sale(1, "S1", 1200)
    books.undone_sale(2, "S2", 900)
    books.declined_sale(3, "S3", 300)
    books.write("asked", "pay", "S4", amount=100)
    books.write("told", "pay", "S4", outcome="unavailable", amount=100)
    verdict = books.check(codes=[CODE])
    assert verdict["violations"] == []
    assert (verdict["payments"], verdict["sales"], verdict["trades"]) == (3, 4, 3)


def test_a_disowned_sale_is_no_violation(books):
    books.paid_sale(1, "S1", 1200)
    books.paper = [line for line in books.paper if line["call"] != "acknowledge"]
    books.records = [record for record in books.records if record[0] not in ("ACKED", "CLOSED")]
    number = order_number(1)
    books.write("asked", "disown", "S1")
    books.journal("REVOKE", number, "disowned", "", "")
    books.journal("FINAL", number, "closed")
    books.journal("CLOSED", number)
    books.write("told", "disown", "S1", outcome="cancelled", orderNumber=number, final=True)
    books.trades[0].update(state="reversed", net=0)
    books.trades[0]["history"].append({"at": books.clock - 1, "event": "reversed", "amount": 1200})
    assert books.rules() == set()


@pytest.mark.parametrize("net", [0, 1199, 1201, 2400])
def test_paid_and_the_money_is_not_there(books, net):
    books.paid_sale(1, "S1", 1200)
    books.trades[0]["net"] = net
    assert "S1" in books.rules()


def test_paid_and_the_wallet_knows_nothing(books):
    books.paid_sale(1, "S1", 1200)
    books.trades = []
    assert "S1" in books.rules()


def test_cancelled_for_good_and_the_money_is_held(books):
    books.undone_sale(1, "S1", 1200)
    books.trades[0].update(net=1200, state="paid")
    books.trades[0]["history"].pop()
    assert books.rules() == {"S1"}


def test_money_that_came_after_the_final_word_and_went_again(books):
    books.undone_sale(1, "S1", 1200)
    books.trades[0]["history"] = [{"at": books.clock + 1000, "event": "paid", "amount": 1200},
                                  {"at": books.clock + 2000, "event": "reversed", "amount": 1200}]
    assert books.rules() == {"S1"}


def test_declined_and_paid_later(books):
    books.declined_sale(1, "S1", 1200)
    books.trades[0].update(net=1200, state="paid")
    assert books.rules() == {"S1"}


def test_an_ended_payment_that_the_wallet_still_asks_for(books):
    books.declined_sale(1, "S1", 1200)
    books.trades[0]["state"] = "waiting"
    assert books.rules() == {"S1", "L1"}


def test_unknown_to_the_plugin_and_paid(books):
    books.write("asked", "pay", "S1", amount=500)
    books.write("silence", "pay", "S1")
    number = books.intent(1, "S1", 500)
    books.trade(number, 500, ("paid", 0))
    books.write("told", "status", "S1", outcome="unknown-sale")
    assert "S1" in books.rules()


def test_a_sale_charged_twice(books):
    books.undone_sale(1, "S1", 700)
    books.trades[0].update(net=700, state="paid")
    books.trades[0]["history"].pop()
    books.paid_sale(2, "S1", 700)
    assert "S2" in books.rules()


def test_a_payment_that_began_behind_a_locked_lane(books):
    books.undone_sale(1, "S1", 700)
    final = next(at for at, record in enumerate(books.records) if record[0] == "FINAL")
    moved = books.records.pop(final)
    books.paid_sale(2, "S2", 800)
    books.records.append(moved)
    assert books.rules() == {"S3"}


def test_three_undos_may_stand_behind_the_lane_and_a_fourth_may_not(books):
    for sequence in range(1, 5):
        sale = f"S{sequence}"
        books.write("asked", "pay", sale, amount=100)
        number = books.intent(sequence, sale, 100)
        books.journal("REVOKE", number, "timeout", "", "")
        books.journal("DUTY", number, "A")
        books.write("told", "pay", sale, outcome="cancelled", orderNumber=number, final=False)
    assert "S3" not in books.rules("--open")
    books.intent(5, "S5", 100)
    assert "S3" in books.rules("--open")


@pytest.mark.parametrize("kind", ["INTENT", "PAID", "ACKED"])
def test_a_promise_that_was_not_on_the_disk(books, kind):
    books.paid_sale(1, "S1", 1200)
    books.records = [record for record in books.records if record[0] != kind]
    assert "S4" in books.rules()


def test_a_cancel_that_was_not_on_the_disk(books):
    books.undone_sale(1, "S1", 1200)
    books.records = [record for record in books.records if record[0] not in ("REVOKE", "FINAL", "CLOSED")]
    assert {"S4", "L1"} <= books.rules()


def test_money_without_an_intent(books):
    books.paid_sale(1, "S1", 1200)
    books.trade(order_number(2), 500, ("paid", 0))
    assert books.rules() == {"S4"}


def test_paid_after_it_was_cancelled(books):
    number = books.undone_sale(1, "S1", 1200)
    books.write("told", "status", "S1", outcome="paid", orderNumber=number)
    assert {"S5", "S4", "S1"} <= books.rules()


def test_a_journal_with_paid_after_revoke(books):
    number = books.undone_sale(1, "S1", 1200)
    at = next(at for at, record in enumerate(books.records) if record[0] == "FINAL")
    books.records.insert(at, ("PAID", [number, "alipay", "2026", ""]))
    assert "S5" in books.rules()


def test_cancelled_after_paid_and_nobody_disowned_it(books):
    number = books.paid_sale(1, "S1", 1200)
    books.write("told", "status", "S1", outcome="cancelled", orderNumber=number, final=True)
    assert {"S1", "S9"} <= books.rules()


def test_a_revoke_after_the_hand_over(books):
    number = books.paid_sale(1, "S1", 1200)
    books.journal("REVOKE", number, "timeout", "", "")
    books.journal("FINAL", number, "refunded")
    assert "S9" in books.rules()


def test_money_given_back_after_the_hand_over(books):
    books.paid_sale(1, "S1", 1200)
    books.trades[0]["history"].append({"at": books.clock, "event": "refund-done", "amount": 1200})
    books.trades[0]["net"] = 0
    assert {"S9", "S1"} <= books.rules()


@pytest.mark.parametrize("where", ["journal", "wallet"])
def test_an_amount_that_changed(books, where):
    books.paid_sale(1, "S1", 1200)
    if where == "wallet":
        books.trades[0].update(amount=1300, net=1300)
        books.trades[0]["history"][1]["amount"] = 1300
    else:
        books.records = [(kind, [field.replace("|1200|", "|1300|") for field in fields])
                         for kind, fields in books.records]
    assert "S6" in books.rules()


def test_numbers_that_are_no_numbers(books):
    number = order_number(1)
    wrong = number[:-1] + ("A" if number[-1] != "A" else "B")
    books.intent(1, "S1", 100, wrong)
    books.intent(2, "S2", 100, order_number(2, register="QF0000102"))
    books.intent(3, "S3", 100, order_number(3, epoch="0000000"))
    books.intent(3, "S4", 100, order_number(3))
    books.intent(3, "S5", 100, order_number(3))
    told = [violation["what"] for violation in books.check("--open")["violations"] if violation["rule"] == "S7"]
    assert [words.split(" ")[0] for words in told] == ["is", "names", "has", "does", "does"]


def test_given_back_more_than_once(books):
    number = books.undone_sale(1, "S1", 1200)
    books.trades[0]["refunds"] = [{"number": f"{number}R00", "amount": 1200, "state": "done"},
                                  {"number": f"{number}R01", "amount": 1200, "state": "done"}]
    assert books.rules() == {"S8"}


def test_two_pay_calls(books):
    books.paid_sale(1, "S1", 1200)
    books.calls += books.calls
    assert books.rules() == {"S12"}


def test_a_wait_that_was_too_long_unless_the_harness_stood_in_the_way(books):
    books.write("asked", "pay", "S1", amount=100)
    began = books.clock
    number = books.intent(1, "S1", 100)
    books.journal("DECLINED", number, "closed")
    books.journal("CLOSED", number)
    books.clock += 13_000
    books.write("told", "pay", "S1", outcome="declined", orderNumber=number)
    assert books.rules() == {"L2"}
    books.excused = {"0": [[began + 100, began + 200]]}
    assert books.rules() == set()


@pytest.mark.parametrize("state", ["INTENT", "PAID", "REVOKE", "DUTY", "ACKED"])
def test_something_is_left_open(books, state):
    books.write("asked", "pay", "S1", amount=100)
    number = books.intent(1, "S1", 100)
    if state in ("PAID", "ACKED"):
        books.journal("PAID", number, "alipay", "2026", "")
    if state == "DUTY":
        books.journal("REVOKE", number, "timeout", "", "")
    if state not in ("INTENT", "PAID"):
        books.journal(state, number, "A", "", "")
    assert "L1" in books.rules()
    # While payments are in flight that is no complaint about the journal.
    assert not {violation["what"] for violation in books.check("--open", "--before", "1")["violations"]}


def test_a_sale_whose_end_nobody_told(books):
    books.undone_sale(1, "S1", 1200)
    books.paper = [line for line in books.paper if not line.get("final")]
    assert books.rules() == {"L1"}


def test_only_sales_of_the_time_in_question_are_judged(books):
    books.paid_sale(1, "S1", 1200)
    moment = books.clock
    books.undone_sale(2, "S2", 900)
    books.paper = [line for line in books.paper if not line.get("final")]
    assert books.rules("--open", "--before", str(moment)) == set()
    assert books.rules("--open", "--since", str(moment)) == {"L1"}


def test_a_bad_record_between_good_ones_is_damage_and_a_torn_one_at_the_end_is_not(books):
    books.paid_sale(1, "S1", 1200)
    books.spoil = lambda content: content[:400] + bytes([content[400] ^ 1]) + content[401:]
    assert "journal" in books.rules()
    end = len(books.bytes_of_journal())
    books.journal("START", "1", "1111111")
    books.spoil = lambda content: content[:end + 30] + bytes(len(content) - end - 30)
    assert books.rules() == set()


def test_a_record_that_was_exchanged_breaks_the_chain(books):
    books.paid_sale(1, "S1", 1200)
    whole = books.bytes_of_journal()
    other = [record for record in books.records]
    books.records[1] = ("START", ["1", "0000000"])
    changed = books.bytes_of_journal()
    books.records = other
    first = 48 + (1 + 1 + 64 + 7) // 8 * 8
    length = int.from_bytes(whole[first:first + 4], "little")
    books.spoil = lambda content: content[:first] + changed[first:first + length] + content[first + length:]
    assert "journal" in books.rules()


def test_a_payment_code_in_a_log(books):
    books.paid_sale(1, "S1", 1200)
    assert books.rules(codes=[CODE]) == set()
    (books.folder / "logs/cloudA.log").write_bytes(b"x" * 70000 + b"99" + CODE.encode() + b"1\n")
    assert books.rules(codes=[CODE]) == {"codes"}
    # The wallet made the codes.
    (books.folder / "logs/cloudA.log").rename(books.folder / "logs/sandbox.log")
    assert books.rules(codes=[CODE]) == set()


def test_the_checker_shares_nothing_with_what_it_checks():
    own = {path.stem for path in (CHAOS / "checker").glob("*.py")}
    allowed = own | {"argparse", "hashlib", "json", "os", "re", "struct", "sys"}
    for path in (CHAOS / "checker").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module]
            assert set(names) <= allowed, f"{path.name} imports {names}"
