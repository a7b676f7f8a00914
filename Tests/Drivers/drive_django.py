"""Django through the proxy: a project in a directory of its own, made and thrown away here.

Migrations, ATOMIC_REQUESTS, the ORM with savepoints and locks, server-side cursors, and persistent connections.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import textwrap

SETTINGS = """
import os
SECRET_KEY = "test"
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "shop.urls"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "shop"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ["PGHOST"],
        "PORT": os.environ["PGPORT"],
        "USER": os.environ["PGUSER"],
        "NAME": os.environ["PGDATABASE"],
        "ATOMIC_REQUESTS": True,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"server_side_binding": bool(int(os.environ["SERVER_SIDE_BINDING"]))},
    }
}
"""

MODELS = """
from django.db import models

class Product(models.Model):
    name = models.CharField(max_length=50, unique=True)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    stock = models.IntegerField(default=0)
    details = models.JSONField(default=dict)

class Order(models.Model):
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="orders")
    count = models.IntegerField()
    at = models.DateTimeField(auto_now_add=True)
"""

URLS = """
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.http import JsonResponse
from django.urls import path
from shop.models import Order, Product

def in_recovery():
    with connection.cursor() as cursor:
        cursor.execute("SELECT (current_setting('cluster_name') <> 'primary')")
        return cursor.fetchone()[0]

def buy(request, name, count):
    product = Product.objects.select_for_update().get(name=name)
    Product.objects.filter(pk=product.pk).update(stock=F("stock") - count)
    Order.objects.create(product=product, count=count)
    product.refresh_from_db()
    if product.stock < 0:
        raise RuntimeError("sold out")
    return JsonResponse({"stock": product.stock, "replica": in_recovery()})

@transaction.non_atomic_requests
def show(request, name):
    product = Product.objects.get(name=name)
    return JsonResponse({"stock": product.stock, "replica": in_recovery()})

urlpatterns = [path("buy/<str:name>/<int:count>", buy), path("show/<str:name>", show)]
"""

BODY = """
import decimal, sys
sys.path.insert(0, {harness!r})
import django
django.setup()
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, F, Sum
from django.test import Client
from harness import expect, expect_error, run, wait_until
from shop.models import Order, Product
from shop.urls import in_recovery

def migrate():
    call_command("makemigrations", "shop", verbosity=0)
    call_command("migrate", verbosity=0)
    call_command("migrate", check_unapplied=True, verbosity=0)
    expect("shop_product" in connection.introspection.table_names(), True, "tables")

def objects():
    Product.objects.bulk_create(
        [Product(name=f"p{{i}}", price=decimal.Decimal(i), stock=10, details={{"i": i}}) for i in range(200)]
    )
    wait_until(in_recovery, "a read in autocommit runs on a replica that has caught up")
    expect(Product.objects.count(), 200, "count")
    expect(Product.objects.filter(details__i__gt=150).aggregate(total=Sum("stock"))["total"], 490, "aggregate")
    expect(Product.objects.get(name="p7").details, {{"i": 7}}, "JSON")
    expect(list(Product.objects.filter(name__in=["p1", "p2"]).order_by("name").values_list("price", flat=True)),
        [decimal.Decimal("1.00"), decimal.Decimal("2.00")], "values")
    expect(Product.objects.filter(pk__lt=0).exists(), False, "exists")
    got, created = Product.objects.get_or_create(name="p3", defaults={{"price": 1}})
    expect(created, False, "get_or_create")
    product, created = Product.objects.update_or_create(name="new", defaults={{"price": 5}})
    expect(created, True, "update_or_create")
    expect(product.delete()[0], 1, "delete")

def transactions():
    with transaction.atomic():
        product = Product.objects.select_for_update().get(name="p1")
        Order.objects.create(product=product, count=1)
        expect(in_recovery(), False, "in atomic()")
        with expect_error(IntegrityError, "a savepoint"):
            with transaction.atomic():
                Product.objects.create(name="p2", price=1)
        with transaction.atomic():
            Product.objects.filter(name="p1").update(price=77)
        expect(Product.objects.annotate(n=Count("orders")).get(name="p1").n, 1, "own order")
    done = []
    with transaction.atomic():
        transaction.on_commit(lambda: done.append(1))
        expect(Product.objects.get(name="p1").price, decimal.Decimal("77.00"), "after the savepoint")
    expect(done, [1], "on_commit")
    with expect_error(ZeroDivisionError, "rolled back"):
        with transaction.atomic():
            Product.objects.all().delete()
            1 / 0
    with transaction.atomic():
        expect(Product.objects.count(), 200, "after the rollback")

def requests():
    client = Client(raise_request_exception=False)
    answer = client.get("/buy/p5/4")
    expect(answer.json(), {{"stock": 6, "replica": False}}, "a request that writes")
    expect(client.get("/buy/p5/7").status_code, 500, "a request that fails")
    wait_until(in_recovery, "replicas have caught up")
    expect(client.get("/show/p5").json(), {{"stock": 6, "replica": True}}, "a request that reads")
    for i in range(20):
        expect(client.get(f"/buy/p6/0").json()["stock"], 10, "one of many requests")

def server_side_cursors():
    # Outside a transaction Django's iterator declares its cursor WITH HOLD.
    names = {{p.name for p in Product.objects.order_by("id").iterator(chunk_size=30)}}
    expect(len(names), 200, "rows of a server-side cursor")
    with transaction.atomic():
        expect(sum(1 for _ in Product.objects.iterator(chunk_size=7)), 200, "rows in a transaction")
    first = iter(Product.objects.order_by("id").iterator(chunk_size=10))
    expect(next(first).name, "p0", "the first row")
    expect(Product.objects.filter(name="p9").count(), 1, "another query meanwhile")
    expect(next(first).name, "p1", "the next row")
    expect(len(list(first)), 198, "the rest")

def explain_and_raw():
    expect("Scan" in Product.objects.filter(name="p1").explain(), True, "explain")
    rows = Product.objects.raw("SELECT * FROM shop_product WHERE stock > %s ORDER BY id", [5])
    expect(rows[0].name, "p0", "raw")
    Product.objects.bulk_update([Product(pk=p.pk, stock=3) for p in Product.objects.all()[:50]], ["stock"])
    with transaction.atomic():
        expect(Product.objects.filter(stock=3).count(), 50, "rows of bulk_update")
    call_command("flush", interactive=False, verbosity=0)
    with transaction.atomic():
        expect(Product.objects.count(), 0, "after flush")
    for application in ("shop", "auth", "contenttypes"):
        call_command("migrate", application, "zero", verbosity=0)

run(migrate, objects, transactions, requests, server_side_cursors, explain_and_raw)
"""


def main():
    here = str(pathlib.Path(__file__).resolve().parent)
    for binding in ("0", "1"):
        with tempfile.TemporaryDirectory() as directory:
            package = pathlib.Path(directory) / "shop"
            package.mkdir()
            for name, text in {"__init__": "", "settings": SETTINGS, "models": MODELS, "urls": URLS}.items():
                (package / f"{name}.py").write_text(textwrap.dedent(text))
            script = pathlib.Path(directory) / f"django_server_side_binding_{binding}.py"
            script.write_text(BODY.format(harness=here))
            environment = os.environ | {
                "DJANGO_SETTINGS_MODULE": "shop.settings",
                "PYTHONPATH": directory,
                "SERVER_SIDE_BINDING": binding,
            }
            done = subprocess.run([sys.executable, str(script)], cwd=directory, env=environment)
            if done.returncode:
                sys.exit(f"Django with server_side_binding = {binding}: FAILED")


main()
