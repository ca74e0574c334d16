"""What a Django shell does: inspectdb, the ORM's reads, a write. EXPECT says what becomes of it."""

import io
import os

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection, models, transaction
from django.db.utils import DatabaseError

settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ["PGDATABASE"],
            "USER": os.environ["PGUSER"],
            "PASSWORD": os.environ["PGPASSWORD"],
            "HOST": os.environ["PGHOST"],
            "PORT": os.environ["PGPORT"],
            "CONN_HEALTH_CHECKS": True,
        }
    },
    USE_TZ=True,
)
django.setup()


class Account(models.Model):
    owner = models.TextField()
    balance = models.DecimalField(max_digits=12, decimal_places=2)

    class Meta:
        app_label = "shop"
        db_table = "accounts"
        managed = False


class Order(models.Model):
    account = models.ForeignKey(Account, models.DO_NOTHING, related_name="orders")
    status = models.TextField()
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    note = models.TextField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        app_label = "shop"
        db_table = "orders"
        managed = False


models_text = io.StringIO()
call_command("inspectdb", stdout=models_text, include_views=True, include_partitions=True)
assert "class Orders(" in models_text.getvalue(), models_text.getvalue()[:500]

assert Order.objects.count() == 500
assert Order.objects.get(pk=7).note == "order 7"
assert Order.objects.filter(amount__gt=100).exists()
assert Order.objects.select_related("account").order_by("-created_at", "id")[:5][0].account.owner
assert len(Order.objects.values("status").annotate(n=models.Count("id"), most=models.Max("amount"))) > 1
assert Account.objects.prefetch_related("orders").first().orders.count() > 0
assert sum(1 for _ in Order.objects.iterator(chunk_size=100)) == 500
assert Order.objects.in_bulk([1, 2, 3]).keys() == {1, 2, 3}
assert Order.objects.filter(note__icontains="ORDER 7").explain()
with connection.cursor() as cursor:
    cursor.execute("SELECT current_setting('server_version_num')::int, %s", ["x"])
    assert cursor.fetchone()[1] == "x"

refused = os.environ["EXPECT"] == "refused"
for write in (
    lambda: Order.objects.filter(pk=9).update(note="from the shell"),
    lambda: Order.objects.get(pk=9).save(update_fields=["note"]),
):
    try:
        with transaction.atomic():
            write()
        assert not refused, "the write came through"
    except DatabaseError as error:
        told = error.__cause__
        assert refused and told.sqlstate == "25006", error
        assert "pgward grant extend " in told.diag.message_hint, error
    # The connection goes on.
    assert Order.objects.count() == 500
print("ok")
