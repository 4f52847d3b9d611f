from django.urls import path

from pools import views

urlpatterns = [path("scrub/<pool>", views.scrub)]
