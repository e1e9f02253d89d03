#!/usr/bin/env python3
"""django-oauth-toolkit on loopback, in a folder of its own: django_server.py FOLDER

It creates a database, a user ("somebody", password "x") and clients with new secrets there, listens on a free port, and
then prints one line of JSON (endpoints, clients). This file only configures the package.
"""
import json
import os
import secrets
import socketserver
import sys
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

# Everything is on this machine and unencrypted.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

import django
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import include, path

key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
settings.configure(
    DEBUG=False,
    SECRET_KEY=secrets.token_hex(16),
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    LOGIN_URL="/login/",
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(sys.argv[1], "django.db")}},
    INSTALLED_APPS=[
        "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "oauth2_provider",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": ["django.template.context_processors.request"],
            "loaders": [
                ("django.template.loaders.locmem.Loader", {
                    "login.html": '<form method="post">{% csrf_token %}<input name="username"><input name="password">'
                                  '<input type="hidden" name="next" value="{{ next }}"></form>',
                }),
                "django.template.loaders.app_directories.Loader",
            ],
        },
    }],
    OAUTH2_PROVIDER={
        "SCOPES": {"openid": "who you are", "read": "reading", "write": "writing"},
        "DEFAULT_SCOPES": ["read"],
        "OIDC_ENABLED": True,
        "OIDC_RSA_PRIVATE_KEY": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "PKCE_REQUIRED": True,
    },
)
# APP_DIRS and loaders exclude each other.
settings.TEMPLATES[0].pop("APP_DIRS")
django.setup()

from django.contrib.auth import get_user_model
from django.contrib.auth.views import LoginView
from oauth2_provider.models import get_application_model
from oauth2_provider.settings import oauth2_settings

urlpatterns = [
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path("login/", LoginView.as_view(template_name="login.html")),
]


class Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


call_command("migrate", verbosity=0)
user = get_user_model().objects.create_user("somebody", password="x")
Application = get_application_model()
clients = {}
for grant in ["authorization-code", "client-credentials", "password", "urn:ietf:params:oauth:grant-type:device_code"]:
    for kind in ["confidential", "public"]:
        # Form encoding changes this secret.
        secret = f"CANARY-{secrets.token_urlsafe(16)} a%2Fb+c/"
        client = Application.objects.create(
            user=user, name=grant, client_type=kind, client_secret=secret, authorization_grant_type=grant,
            redirect_uris="http://127.0.0.1/callback", algorithm="RS256",
        )
        clients[f"{grant.rsplit(':')[-1]} {kind}"] = {"client_id": client.client_id, "client_secret": secret}
with make_server("127.0.0.1", 0, get_wsgi_application(), server_class=Server, handler_class=Quiet) as server:
    issuer = f"http://127.0.0.1:{server.server_port}"
    oauth2_settings.OAUTH_DEVICE_VERIFICATION_URI = f"{issuer}/o/device/"
    print(json.dumps({
        "issuer": f"{issuer}/o",
        "authorize": f"{issuer}/o/authorize/",
        "token": f"{issuer}/o/token/",
        "device": f"{issuer}/o/device-authorization/",
        "introspect": f"{issuer}/o/introspect/",
        "revoke": f"{issuer}/o/revoke_token/",
        "userinfo": f"{issuer}/o/userinfo/",
        "clients": clients,
    }), flush=True)
    server.serve_forever()
